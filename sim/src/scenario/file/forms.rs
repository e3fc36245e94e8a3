//! Values that a file may write in more than one way, and tables that know their place.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Link;
use crate::units::PerMille;

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    span: Range<usize>,
    value: T,
}

impl<T> Spanned<T> {
    /// A value that is at these bytes.
    pub fn new(span: Range<usize>, value: T) -> Self {
        Self { span, value }
    }

    /// Where it is.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What it is.
    pub fn get_ref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { span: spanned.span(), value: spanned.into_inner() })
    }
}

/// A table with its place: of one with a header that of the header.
///
/// A derived struct would take an array of values in the order of its fields, too.
#[derive(Clone, Debug)]
pub struct Table<T> {
    span: Range<usize>,
    value: T,
}

impl<T> Table<T> {
    /// Where it is.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What it says.
    pub fn get(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<T>(T);
        struct MapVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for MapVisitor<T> {
            type Value = Map<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Map<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Map)
            }
        }

        impl<'de, T: Deserialize<'de>> Deserialize<'de> for Map<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(MapVisitor(PhantomData))
            }
        }

        let spanned = toml::Spanned::<Map<T>>::deserialize(deserializer)?;
        Ok(Self { span: spanned.span(), value: spanned.into_inner().0 })
    }
}

/// An array of exactly two.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Vec<T>")]
pub struct Two<T>(pub T, pub T);

impl<T> TryFrom<Vec<T>> for Two<T> {
    type Error = String;
    fn try_from(values: Vec<T>) -> Result<Self, String> {
        let [a, b] = <[T; 2]>::try_from(values).map_err(|values| {
            format!("invalid length {}, expected an array of two", values.len())
        })?;
        Ok(Self(a, b))
    }
}

impl<T: JsonSchema> JsonSchema for Two<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Two_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "minItems": 2, "maxItems": 2 })
    }
}

/// To those who read a schema, a place is nothing.
macro_rules! schema_of_inner {
    ($($name:ident)*) => {$(
        impl<T: JsonSchema> JsonSchema for $name<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}

schema_of_inner!(Spanned Table);

/// `seeds = 20` or `seeds = [1, 2, 3]`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Seeds {
    /// From 1 to this.
    Count(u64),
    /// These.
    List(Vec<Spanned<u64>>),
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SeedsVisitor;
        impl<'de> Visitor<'de> for SeedsVisitor {
            type Value = Seeds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seeds or an array of them")
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<Seeds, E> {
                let count = u64::try_from(count).map_err(|_| negative(count, &self))?;
                Ok(Seeds::Count(count))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Seeds, A::Error> {
                array(seq).map(Seeds::List)
            }
        }
        deserializer.deserialize_any(SeedsVisitor)
    }
}

/// `[link]` or several `[[link]]`.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Links {
    /// The access link of every node.
    One(Box<Link>),
    /// At most one without `between`, which is the access link of every node.
    Several(Vec<Table<Link>>),
}

impl<'de> Deserialize<'de> for Links {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LinksVisitor;
        impl<'de> Visitor<'de> for LinksVisitor {
            type Value = Links;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table or an array of tables")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Links, A::Error> {
                let link = Link::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Links::One(Box::new(link)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Links, A::Error> {
                array(seq).map(Links::Several)
            }
        }
        deserializer.deserialize_any(LinksVisitor)
    }
}

/// `at_least = 5` or `at_least = "99%"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum AtLeast {
    /// This many.
    Count(u64),
    /// This share.
    Share(PerMille),
}

impl<'de> Deserialize<'de> for AtLeast {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtLeastVisitor;
        impl Visitor<'_> for AtLeastVisitor {
            type Value = AtLeast;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 5 or a percentage such as \"99%\"")
            }

            fn visit_i64<E: de::Error>(self, count: i64) -> Result<AtLeast, E> {
                let count = u64::try_from(count).map_err(|_| negative(count, &self))?;
                Ok(AtLeast::Count(count))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AtLeast, E> {
                PerMille::deserialize(StrDeserializer::new(text)).map(AtLeast::Share)
            }
        }
        deserializer.deserialize_any(AtLeastVisitor)
    }
}

fn array<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut seq: A) -> Result<Vec<T>, A::Error> {
    let mut values = Vec::new();
    while let Some(value) = seq.next_element()? {
        values.push(value);
    }
    Ok(values)
}

fn negative<E: de::Error>(number: i64, expected: &dyn de::Expected) -> E {
    E::invalid_value(de::Unexpected::Signed(number), expected)
}

//! `cargo xtask licences`: every dependency's licence and source against the lists in `deny.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::Result;
use crate::cargo::{WORKSPACES, metadata, root};

/// What `deny.toml` allows.
pub(crate) struct Rules {
    licences: Vec<Licensee>,
    clarified: Vec<Clarified>,
    registries: Vec<String>,
}

/// The part of `deny.toml` that is read here; the rest is for cargo-deny.
#[derive(Deserialize)]
struct DenyFile {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    clarify: Vec<Clarified>,
}

/// What somebody has read in a package that states no licence.
#[derive(Deserialize)]
struct Clarified {
    #[serde(rename = "crate")]
    name: String,
    expression: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Graph {
    packages: Vec<Package>,
}

/// One package of a workspace's dependency graph.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// An SPDX expression.
    pub(crate) license: Option<String>,
    /// `None` for a package in a directory.
    pub(crate) source: Option<String>,
    pub(crate) manifest_path: PathBuf,
}

/// Checks both workspaces and prints how many packages they have.
pub(crate) fn run() -> Result {
    let root = root();
    let text = fs::read_to_string(root.join("deny.toml"))
        .map_err(|error| format!("cannot read deny.toml: {error}"))?;
    let rules = Rules::parse(&text)?;
    let mut offences = Vec::new();
    for manifest in WORKSPACES {
        let graph = metadata::<Graph>(manifest)?;
        offences.extend(graph.packages.iter().flat_map(|package| rules.offences(package, &root)));
        println!("{manifest}: {} packages checked", graph.packages.len());
    }
    if offences.is_empty() {
        return Ok(());
    }
    // Both workspaces depend on much the same.
    offences.sort();
    offences.dedup();
    Err(format!("deny.toml does not allow:\n  {}", offences.join("\n  ")))
}

impl Rules {
    /// Reads the two lists out of the text of `deny.toml`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let file: DenyFile = toml::from_str(text).map_err(|error| format!("deny.toml: {error}"))?;
        let parse =
            |name: &String| Licensee::parse(name).map_err(|error| format!("deny.toml: {error}"));
        Ok(Self {
            licences: file.licenses.allow.iter().map(parse).collect::<Result<_>>()?,
            clarified: file.licenses.clarify,
            registries: file.sources.allow_registry,
        })
    }

    /// What is wrong with `package`, in full sentences that name it.
    pub(crate) fn offences(&self, package: &Package, root: &Path) -> Vec<String> {
        let complaints = [self.licence_complaint(package), self.source_complaint(package, root)];
        let name = |complaint| format!("{} {}: {complaint}", package.name, package.version);
        complaints.into_iter().flatten().map(name).collect()
    }

    fn licence_complaint(&self, package: &Package) -> Option<String> {
        let clarified = self.clarified.iter().find(|clarified| clarified.name == package.name);
        let clarified = clarified.map(|clarified| &clarified.expression);
        let Some(text) = package.license.as_ref().or(clarified) else {
            return Some("its manifest states no licence".to_owned());
        };
        // Lax, for old packages that write "MIT/Apache-2.0".
        let expression = match Expression::parse_mode(text, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(error) => {
                return Some(format!(
                    "its licence `{text}` is no SPDX expression: {}",
                    error.reason
                ));
            }
        };
        let allowed = expression
            .evaluate(|asked| self.licences.iter().any(|licence| licence.satisfies(asked)));
        (!allowed).then(|| format!("its licence is `{text}`"))
    }

    fn source_complaint(&self, package: &Package, root: &Path) -> Option<String> {
        let Some(source) = &package.source else {
            let outside = !package.manifest_path.starts_with(root);
            return outside.then(|| {
                format!("it lies outside this repository, in {}", package.manifest_path.display())
            });
        };
        let registry = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
        let allowed = registry
            .is_some_and(|registry| self.registries.iter().any(|allowed| allowed == registry));
        (!allowed).then(|| format!("it comes from {source}"))
    }
}

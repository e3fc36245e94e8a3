use std::string::ToString;

use proptest::prelude::*;

use super::*;

fn identities() -> impl Strategy<Value = SecretIdentity> {
    any::<[u8; 32]>()
        .prop_filter_map("its sign bit is set", |seed| SecretIdentity::from_seed(&seed))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_has_51_characters_and_reads_back(identity in identities()) {
        let text = identity.id().to_string();
        prop_assert_eq!(text.len(), PeerId::TEXT_LEN);
        prop_assert_eq!(text.parse(), Ok(identity.id()));
    }

    #[test]
    fn the_agreement_key_names_its_owner(identity in identities()) {
        let key = identity.id().agreement_key();
        prop_assert_eq!(PeerId::from_agreement_key(&key), Some(identity.id()));
    }

    #[test]
    fn both_halves_of_the_agreement_key_belong_together(a in identities(), b in identities()) {
        let (ab, ba) = (a.agree(&b.id().agreement_key()), b.agree(&a.id().agreement_key()));
        prop_assert_eq!(ab, ba);
    }

    #[test]
    fn any_text_is_read_without_panic_and_at_most_one_spelling_is_taken(text in ".{0,60}") {
        if let Ok(id) = text.parse::<PeerId>() {
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn any_agreement_key_names_at_most_one_node(key: [u8; 32]) {
        if let Some(id) = PeerId::from_agreement_key(&key) {
            prop_assert_eq!(id.agreement_key(), key);
            prop_assert_eq!(PeerId::from_bytes(*id.as_bytes()), Ok(id));
        }
    }
}

fn usable() -> SecretIdentity {
    let mut seed = 0;
    let draw = || {
        seed += 1;
        [seed; 32]
    };
    SecretIdentity::generate(draw).expect("every other one is usable").0
}

#[test]
fn a_stuck_source_of_randomness_is_noticed() {
    let unusable =
        (0..).map(|seed| [seed; 32]).find(|seed| SecretIdentity::from_seed(seed).is_none());
    assert!(SecretIdentity::generate(|| unusable.expect("every other one is")).is_none());
}

#[test]
fn keys_that_nobody_can_use_are_refused() {
    let mut sign_bit_set = *usable().id().as_bytes();
    sign_bit_set[31] |= 0x80;
    let mut not_canonical = FIELD_PRIME;
    not_canonical[0] += 1;
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for bytes in [sign_bit_set, not_canonical, neutral, [0; 32], [0xff; 32]] {
        assert_eq!(PeerId::from_bytes(bytes), Err(PeerIdError::Key), "{bytes:?}");
    }
    assert_eq!(PeerId::from_agreement_key(&[0; 32]), None);
    assert_eq!(PeerId::from_agreement_key(&FIELD_PRIME), None);
}

#[test]
fn a_mistyped_text_says_what_is_wrong() {
    let text = usable().id().to_string();
    let errors = [
        text[1..].parse::<PeerId>(),
        text.replace(|_: char| true, "1").parse(),
        text.to_uppercase().parse(),
        "a".repeat(51).parse(),
    ];
    let messages: std::vec::Vec<_> = errors.map(|error| error.unwrap_err().to_string()).into();
    assert_eq!(
        messages,
        [
            "a peer id has 51 characters, this has 50",
            "character 1 of the peer id is none of a-z (lower case) and 2-7",
            "character 1 of the peer id is none of a-z (lower case) and 2-7",
            "this is not a usable public key; was a character mistyped?",
        ]
    );
}

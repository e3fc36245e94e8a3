use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::identity::SecretIdentity;

fn ids(count: u8) -> Vec<PeerId> {
    (0u8..)
        .filter_map(|seed| SecretIdentity::from_seed(&[seed; 32]))
        .map(|identity| identity.id())
        .take(count.into())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Sixteen cells for eight slots: collisions and wraps are the rule.
    #[test]
    fn finds_what_a_model_finds(
        key: u64,
        moves in prop::collection::vec((0usize..8, any::<bool>()), 1..100),
    ) {
        let ids = ids(8);
        let hasher = SipHasher13::new_with_keys(key, 0);
        let mut cells = vec![0; 16];
        let mut index = PeerIndex { hasher: &hasher, cells: &mut cells };
        index.clear();
        let id_of = |slot: u16| ids[usize::from(slot)];
        let mut model = BTreeMap::new();
        for (number, insert) in moves {
            let (id, slot) = (ids[number], number as u16);
            if insert && model.insert(id, slot).is_none() {
                index.insert(&id, slot);
            } else if !insert && model.remove(&id).is_some() {
                index.remove(&id, id_of);
            }
            for id in &ids {
                prop_assert_eq!(index.find(id, id_of), model.get(id).copied());
            }
        }
    }
}

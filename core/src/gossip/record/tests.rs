use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn record() -> impl Strategy<Value = Record> {
    let address = prop_oneof![
        (any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from),
        (any::<[u8; 16]>(), any::<u16>()).prop_map(SocketAddr::from),
    ];
    let lists = (
        vec(address, 0..=ADDRESSES),
        vec(any::<[u8; 32]>(), 0..=RELAYS),
        vec(any::<[u8; 8]>().prop_map(Tag), 0..=TAGS),
    );
    (any::<[u8; 32]>(), any::<u32>(), any::<u8>(), lists).prop_map(
        |(peer, sequence, flags, (addresses, relays, tags))| Record {
            peer,
            sequence,
            flags: Flags(flags),
            addresses: addresses.into_iter().collect(),
            relays: relays.into_iter().collect(),
            tags: tags.into_iter().collect(),
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(record in record()) {
        let mut bytes = [0; Record::LEN_MAX];
        let len = record.encode(&mut bytes);
        prop_assert_eq!(Record::decode(&bytes[..len]), Ok(record));
    }

    #[test]
    fn nothing_may_be_missing_or_too_much(record in record(), cut in 1usize..64) {
        let mut bytes = [0; Record::LEN_MAX];
        let len = record.encode(&mut bytes);
        prop_assert!(Record::decode(&bytes[..len - cut]).is_err());
        let mut longer = bytes[..len].to_vec();
        longer.insert(len - SIGNATURE_LEN, 0);
        prop_assert!(Record::decode(&longer).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Record::decode(&bytes);
    }
}

#[test]
fn a_tag_belongs_to_its_network() {
    let (one, other) = (Network::open("one"), Network::open("other"));
    assert_ne!(Tag::new(&one, "films"), Tag::new(&other, "films"));
    assert_ne!(Tag::new(&one, "films"), Tag::new(&one, "books"));
    assert_eq!(Tag::new(&one, "films"), Tag::new(&Network::closed("one", [1; 32]), "films"));
}

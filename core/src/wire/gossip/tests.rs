use proptest::collection::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::super::Message;
use super::*;

fn read(content: &[u8]) -> GossipMessage<'_> {
    match Message::decode(content) {
        Ok(Message::Gossip(message)) => message,
        other => panic!("{other:?}"),
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    (any::<[u8; 8]>(), any::<u32>(), any::<[u8; 4]>()).prop_map(|(peer, sequence, check)| Entry {
        peer,
        sequence,
        check,
    })
}

proptest! {
    #[test]
    fn a_shuffle_is_read_as_written_and_is_as_long_as_a_question(
        entries in vec(entry(), 0..=ENTRIES),
        rumours in vec(any::<[u8; 8]>(), 0..=RUMOUR_IDS),
    ) {
        let mut out = [0; MAX_CONTENT];
        let len = GossipWriter::shuffle(&entries, &rumours, &mut out);
        prop_assert!((QUESTION_LEN..=MAX_CONTENT).contains(&len));
        let GossipMessage::Shuffle(shuffle) = read(&out[..len]) else { panic!("not a shuffle") };
        prop_assert_eq!(shuffle.entries().collect::<Vec<_>>(), entries);
        prop_assert_eq!(shuffle.rumours().collect::<Vec<_>>(), rumours);
    }

    #[test]
    fn a_list_keeps_within_three_times_a_question(
        request in any::<[u8; 8]>(),
        items in vec((any::<u16>(), vec(any::<u8>(), 0..320)), 0..8),
    ) {
        let mut out = [0; MAX_CONTENT];
        let mut writer = GossipWriter::list(request, ANSWER_LEN_MAX, &mut out);
        let mut len = writer.len;
        for (age, signed) in &items {
            len = writer.add(*age, signed).unwrap_or(len);
        }
        prop_assert!(len <= ANSWER_LEN_MAX);
        let GossipMessage::PeerList(list) = read(&out[..len]) else { panic!("not a list") };
        prop_assert_eq!(list.request, request);
        for (age, signed) in list.items() {
            prop_assert!(items.contains(&(age, signed.to_vec())));
        }
        prop_assert_eq!(list.items().next().is_some(), !items.is_empty());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(kind in 24_u8..32, body in vec(any::<u8>(), 0..600)) {
        let content = [&[kind][..], &body].concat();
        if let Ok(Message::Gossip(GossipMessage::Shuffle(shuffle))) = Message::decode(&content) {
            prop_assert!(shuffle.entries().count() <= ENTRIES);
        }
    }
}

#[test]
fn a_question_that_is_too_short_is_none() {
    let request = PeerRequest { request: [1; 8], hops: 3, tag: [2; 8] };
    let mut out = [0; MAX_CONTENT];
    let len = GossipWriter::request(&request, &mut out);
    assert_eq!(len, QUESTION_LEN);
    assert_eq!(read(&out[..len]), GossipMessage::PeerRequest(request));
    // The same without its padding: kind, request, and no bytes.
    let bare = [&out[..1 + 8 + 1 + 8], &[0]].concat();
    assert!(Message::decode(&bare).is_err());
}

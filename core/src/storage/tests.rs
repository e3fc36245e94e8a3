use super::*;
use crate::config::Config;
use crate::identity::SecretIdentity;
use crate::network::Network;
use crate::time::Instant;
use crate::{Node, Storage};

fn refusal(storage: impl Storage) -> Option<CapacityError> {
    let mut seed = 0;
    let identity = SecretIdentity::generate(|| {
        seed += 1;
        [seed; 32]
    });
    let id = identity.expect("every other one is usable").0.id();
    let config = Config::new(Network::open("test"));
    Node::new(config, id, [0; 32], storage, Instant::ORIGIN).err()
}

macro_rules! refusal_of {
    ($messages:expr, $message_window:expr, $buffer:expr) => {{
        crate::storage! {
            struct Odd {
                peers: 2, handshakes: 2, window_bits: 128,
                messages: $messages, message_window: $message_window, buffer: $buffer, circuits: 0, punches: 1, records: 16, rumours: 2,
            }
        }
        refusal(Odd::EMPTY)
    }};
}

#[test]
fn the_smallest_storage_of_messages_is_sound() {
    assert_eq!(refusal_of!(2, 32, 1440), None);
}

#[test]
fn what_is_wrong_with_a_storage_of_messages_is_named() {
    assert_eq!(refusal_of!(1, 32, 1440), Some(CapacityError::Messages));
    assert_eq!(refusal_of!(2, 96, 1440), Some(CapacityError::MessageWindow));
    assert_eq!(refusal_of!(2, 2048, 1440), Some(CapacityError::MessageWindow));
    assert_eq!(refusal_of!(2, 0, 1440), Some(CapacityError::MessageWindow));
    assert_eq!(refusal_of!(2, 32, 1439), Some(CapacityError::Buffer));
}

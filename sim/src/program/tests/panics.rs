use std::panic;

use crate::program::panics::catch;

#[test]
fn a_panic_is_caught_with_its_message_and_place() {
    assert_eq!(catch(|| 5), Ok(5));
    let panic = catch(|| panic!("planted {}", 7)).unwrap_err();
    assert_eq!(panic.message, "planted 7");
    assert!(panic.place.contains("tests/panics.rs:"), "{}", panic.place);
    assert_eq!(catch(|| 6), Ok(6));
}

#[test]
fn a_panic_without_a_text_is_caught_too() {
    let panic = catch(|| panic::panic_any(5)).unwrap_err();
    assert_eq!(panic.message, "(a panic without a message)");
}

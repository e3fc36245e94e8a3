//! Noise, and what is no noise.

use underpass_sensor::entropy::{Stuck, draw};

/// A circuit whose noise the same number makes again.
fn circuit(mut state: u32) -> impl FnMut() -> u8 {
    move || {
        // xorshift32 (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    }
}

#[test]
fn other_noise_makes_other_bytes() {
    let [one, same, other] = [1, 1, 2].map(|state| draw(circuit(state)).expect("it is noise"));
    assert_eq!(one, same);
    assert_ne!(one, other);
}

#[test]
fn a_circuit_that_always_says_the_same_is_noticed() {
    assert_eq!(draw(|| 7), Err(Stuck));
    let mut noise = circuit(1);
    let mut said = 0;
    let stuck_later = draw(|| {
        said += 1;
        if said < 300 { noise() } else { 0 }
    });
    assert_eq!(stuck_later, Err(Stuck));
}

#[test]
fn a_circuit_that_nearly_always_says_the_same_is_noticed() {
    let (mut noise, mut said) = (circuit(1), 0_u32);
    let leaning = draw(|| {
        said += 1;
        if said.is_multiple_of(8) { noise() } else { 7 }
    });
    assert_eq!(leaning, Err(Stuck));
}

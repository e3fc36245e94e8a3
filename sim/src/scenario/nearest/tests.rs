use super::*;

#[test]
fn a_slip_of_the_finger_is_recognised() {
    let names = ["laptop", "sensor", "relay"];
    for (slip, meant) in [
        ("sensr", "sensor"),
        ("senosr", "sensor"),
        ("Sensor", "sensor"),
        ("laptops", "laptop"),
        ("rely", "relay"),
    ] {
        assert_eq!(nearest(slip, names), Some(meant), "{slip}");
    }
}

#[test]
fn something_else_is_not() {
    assert_eq!(nearest("gateway", ["laptop", "sensor", "relay"]), None);
    assert_eq!(nearest("xy", ["ab"]), None);
    assert_eq!(nearest("", ["ab"]), None);
}

#[test]
fn a_swap_of_neighbours_counts_once() {
    let word: Vec<char> = "delya".chars().collect();
    assert_eq!(distance(&word, "delay"), 1);
    assert_eq!(distance(&word, "relay"), 2);
    assert_eq!(distance(&[], "abc"), 3);
}

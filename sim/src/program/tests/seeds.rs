use crate::program::seeds::Seeds;

fn seeds(text: &str) -> Result<Vec<u64>, String> {
    text.parse().map(|seeds: Seeds| seeds.0)
}

#[test]
fn seeds_are_ranges_and_lists() {
    assert_eq!(seeds("7"), Ok(vec![7]));
    assert_eq!(seeds("1..=3"), Ok(vec![1, 2, 3]));
    assert_eq!(seeds("1..3"), Ok(vec![1, 2]));
    assert_eq!(seeds("0..=0"), Ok(vec![0]));
    assert_eq!(seeds("5, 1,2,5"), Ok(vec![1, 2, 5]));
    assert_eq!(seeds("9,1..=3,2..5"), Ok(vec![1, 2, 3, 4, 9]));
}

#[test]
fn what_names_no_seeds_is_refused() {
    for text in ["", "x", "1,", "1..", "..3", "..=3", "1...3", "1-3", "-1", "5..5", "5..=4"] {
        assert!(seeds(text).is_err(), "{text}");
    }
    for text in ["0..=99999999", "18446744073709551615", "1..=18446744073709551615"] {
        assert!(seeds(text).is_err(), "{text}");
    }
}

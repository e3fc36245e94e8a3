use super::*;

#[test]
fn what_is_left_out_is_counted_in_the_next_line() {
    let (sparing, start) = (Sparing::default(), Instant::now());
    let written = (0..25).filter_map(|_| sparing.at(start)).count();
    assert_eq!(written as u64, LINES);
    assert_eq!(sparing.at(start + WITHIN), Some(15));
    assert_eq!(sparing.at(start + WITHIN), Some(0));
}

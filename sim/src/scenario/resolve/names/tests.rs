use super::*;

#[test]
fn a_star_is_any_run_and_a_question_mark_any_one() {
    for (pattern, name, expected) in [
        ("*", "sensor-1", true),
        ("sensor-*", "sensor-1", true),
        ("sensor-*", "sensor-", true),
        ("sensor-*", "sensors", false),
        ("sensor-?", "sensor-1", true),
        ("sensor-?", "sensor-12", false),
        ("*-1", "sensor-1", true),
        ("*-1", "sensor-11", false),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("**", "", true),
        ("?", "", false),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}

#[test]
fn many_stars_take_no_time() {
    let pattern = "*a".repeat(50) + "b";
    assert!(!matches(&pattern, &"a".repeat(10_000)));
}

use super::Draws;

/// Computed by an implementation of SipHash of its own, from the paper.
#[test]
fn draws_are_pinned_forever() {
    let stream = Draws::new(7).stream(&["link", "laptop>sensor", "loss"]);
    assert_eq!(stream.draw(0), 7_653_937_237_582_109_179);
    assert_eq!(stream.draw(1), 603_982_077_109_946_268);
    assert_eq!(stream.below(1, 1000), 32);
    assert_eq!(stream.bytes(1)[..8], [90, 69, 78, 154, 119, 160, 12, 62]);
    assert_eq!(stream.stream(&["child"]).draw(0), 12_097_246_770_190_847_195);
}

#[test]
fn a_draw_does_not_depend_on_what_else_is_drawn() {
    let draws = Draws::new(1);
    let stream = draws.stream(&["link", "a>b", "loss"]);
    let alone: Vec<u64> = (0..10).map(|number| stream.draw(number)).collect();
    let among_others: Vec<u64> = (0..10)
        .rev()
        .map(|number| {
            draws.stream(&["link", "a>b", "jitter"]).draw(number);
            stream.bytes(number);
            draws.stream(&["link", "a>b", "loss"]).draw(number)
        })
        .collect();
    assert!(alone.iter().eq(among_others.iter().rev()));
}

#[test]
fn names_keep_their_bounds() {
    let draws = Draws::new(1);
    let names: [&[&str]; 7] =
        [&["ab", "c"], &["a", "bc"], &["abc"], &["abc", ""], &["", "abc"], &[], &[""]];
    for (i, one) in names.iter().enumerate() {
        for other in &names[..i] {
            assert_ne!(draws.stream(one), draws.stream(other), "{one:?} and {other:?}");
        }
    }
}

#[test]
fn seeds_have_nothing_in_common() {
    let first = Draws::new(1).stream(&["x"]);
    let second = Draws::new(2).stream(&["x"]);
    assert!((0..100).all(|number| first.draw(number) != second.draw(number)));
}

#[test]
fn bounded_draws_fill_their_range_evenly() {
    let stream = Draws::new(3).stream(&["even"]);
    let mut counts = [0u32; 10];
    for number in 0..100_000 {
        counts[usize::try_from(stream.below(number, 10)).unwrap()] += 1;
    }
    // The standard deviation of each count is 95.
    assert!(counts.iter().all(|count| count.abs_diff(10_000) < 400), "{counts:?}");
}

#[test]
fn bytes_are_no_repeat_of_plain_draws() {
    let stream = Draws::new(4).stream(&["x"]);
    let bytes = stream.bytes(0);
    for block in bytes.chunks_exact(8) {
        let block = u64::from_le_bytes(block.try_into().unwrap());
        assert!((0..100).all(|number| stream.draw(number) != block));
    }
    assert_ne!(bytes[..8], bytes[8..16]);
}

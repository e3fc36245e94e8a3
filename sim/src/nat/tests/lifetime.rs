use super::*;

/// Ten seconds, and four before it is a stream, if that.
fn nat_with(refresh: Refresh, unreplied_ms: Option<u64>, stream_after_ms: u64) -> Nat {
    nat(NatModel {
        timeout: Duration::from_secs(10),
        unreplied_timeout: unreplied_ms.map(Duration::from_millis),
        stream_after: Duration::from_millis(stream_after_ms),
        refresh,
        ..NatModel::default()
    })
}

#[test]
fn a_mapping_lives_until_its_timeout_and_not_at_it() {
    for (at, entered) in [(9_999, true), (10_000, false)] {
        let mut nat = nat_with(Refresh::Both, None, 0);
        let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
        assert_eq!(nat.mappings(at_ms(at)), usize::from(entered));
        assert_eq!(nat.receive(SERVER, outside, at_ms(at)).is_ok(), entered, "at {at} ms");
    }
}

/// RFC 4787 section 4.3: after a packet out at 0 s, one out or in at 6 s, something comes at 12 s.
#[test]
fn packets_of_the_direction_that_refreshes_keep_a_mapping() {
    for (refresh, by_outbound, by_inbound) in [
        (Refresh::Outbound, true, false),
        (Refresh::Inbound, false, true),
        (Refresh::Both, true, true),
    ] {
        for (outbound, lives) in [(true, by_outbound), (false, by_inbound)] {
            let mut nat = nat_with(refresh, None, 0);
            let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
            match outbound {
                true => assert_eq!(nat.send(LAPTOP, SERVER, at_ms(6_000)), Ok(outside)),
                false => assert!(nat.receive(SERVER, outside, at_ms(6_000)).is_ok()),
            }
            let entered = nat.receive(SERVER, outside, at_ms(12_000)).is_ok();
            assert_eq!(entered, lives, "{refresh:?}, refreshed by an outbound one: {outbound}");
        }
    }
}

#[test]
fn a_packet_that_is_refused_refreshes_nothing() {
    let mut nat = nat_with(Refresh::Both, None, 0);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.receive(STRANGER, outside, at_ms(6_000)), Err(Refused::Filtered));
    assert_eq!(nat.mappings(at_ms(10_000)), 0);
}

#[test]
fn what_was_never_answered_ends_sooner_however_often_it_is_sent() {
    let mut nat = nat_with(Refresh::Both, Some(4_000), 0);
    (0..5).for_each(|at_s| assert!(nat.send(LAPTOP, SERVER, at_ms(1_000 * at_s)).is_ok()));
    assert_eq!(nat.mappings(at_ms(7_999)), 1);
    assert_eq!(nat.mappings(at_ms(8_000)), 0);
}

#[test]
fn the_packet_after_the_first_reply_makes_a_stream() {
    let mut nat = nat_with(Refresh::Both, Some(4_000), 0);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    assert!(nat.receive(SERVER, outside, at_ms(1_000)).is_ok());
    assert_eq!(nat.mappings(at_ms(5_000)), 0, "a reply alone does not");
    assert!(nat.receive(SERVER, outside, at_ms(2_000)).is_ok());
    assert_eq!(nat.mappings(at_ms(11_999)), 1);
    assert_eq!(nat.mappings(at_ms(12_000)), 0);
}

#[test]
fn a_young_entry_is_no_stream_yet() {
    let mut nat = nat_with(Refresh::Both, Some(4_000), 2_000);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    assert!(nat.receive(SERVER, outside, at_ms(1_000)).is_ok());
    assert!(nat.send(LAPTOP, SERVER, at_ms(2_000)).is_ok());
    assert_eq!(nat.mappings(at_ms(6_000)), 0);
    assert!(nat.send(LAPTOP, SERVER, at_ms(2_001)).is_ok());
    assert_eq!(nat.mappings(at_ms(6_000)), 1);
}

#[test]
fn a_mapping_that_others_keep_alive_forgets_whom_nobody_talks_to() {
    let mut nat = nat_with(Refresh::Both, None, 0);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    for at in [0, 6_000, 12_000] {
        assert_eq!(nat.send(LAPTOP, STRANGER, at_ms(at)), Ok(outside));
    }
    assert_eq!(nat.receive(SERVER, outside, at_ms(12_000)), Err(Refused::Filtered));
    assert_eq!(nat.receive(STRANGER, outside, at_ms(12_000)), Ok(socket(LAPTOP)));
}

#[test]
fn a_packet_that_comes_late_counts_as_coming_with_the_last() {
    let mut nat = nat_with(Refresh::Both, None, 0);
    nat.send(LAPTOP, SERVER, at_ms(5_000)).unwrap();
    nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.mappings(at_ms(14_999)), 2);
}

#[test]
fn after_a_reboot_nothing_comes_in_and_everything_goes_out() {
    let mut nat = nat_with(Refresh::Both, None, 0);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    nat.reboot();
    assert_eq!(nat.mappings(at_ms(1)), 0);
    assert_eq!(nat.receive(SERVER, outside, at_ms(1)), Err(Refused::NoMapping));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(2)), Ok(outside));
}

#[test]
fn a_nat_with_another_address_has_no_mapping_of_the_old_one() {
    let mut nat = nat_with(Refresh::Both, None, 0);
    let before = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    nat.renumber(vec![ip("198.18.0.77")]);
    assert_eq!(nat.receive(SERVER, before, at_ms(1)), Err(Refused::NoMapping));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(2)), Ok(socket("198.18.0.77:5000")));
}

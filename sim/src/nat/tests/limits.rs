use super::*;

fn inside(host: u8, port: u16) -> String {
    format!("192.168.1.{host}:{port}")
}

#[test]
fn a_full_table_drops_what_is_new_and_passes_what_is_not() {
    let mut nat = nat(NatModel { table: 2, ..NatModel::default() });
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.send(&inside(4, 5000), SERVER, at_ms(1)), Err(Refused::TableFull));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(1)), Ok(outside));
    assert_eq!(nat.receive(SERVER, outside, at_ms(1)), Ok(socket(LAPTOP)));
}

#[test]
fn each_party_that_a_filter_tells_apart_takes_an_entry() {
    for (filtering, fits) in [
        (Behaviour::EndpointIndependent, true),
        (Behaviour::AddressDependent, true),
        (Behaviour::AddressAndPortDependent, false),
    ] {
        let mut nat = nat(NatModel { filtering, table: 1, ..NatModel::default() });
        nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
        let second = nat.send(LAPTOP, SAME_ADDRESS, at_ms(0));
        assert_eq!(second.is_ok(), fits, "{filtering:?}: {second:?}");
    }
}

#[test]
fn a_table_has_room_again_as_soon_as_an_entry_ends() {
    let timeout = Duration::from_secs(10);
    let mut nat = nat(NatModel { table: 1, timeout, ..NatModel::default() });
    nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.send(PHONE, SERVER, at_ms(9_999)), Err(Refused::TableFull));
    assert!(nat.send(PHONE, SERVER, at_ms(10_000)).is_ok());
}

#[test]
fn what_is_tracked_takes_a_place_in_the_table() {
    let unsolicited = Unsolicited::Track;
    let mut nat = nat(NatModel { table: 1, unsolicited, ..NatModel::default() });
    let outside = SocketAddr::new(ip(EXTERNAL), 7000);
    assert_eq!(nat.receive(STRANGER, outside, at_ms(0)), Err(Refused::NoMapping));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(1)), Err(Refused::TableFull));
    assert_eq!(nat.mappings(at_ms(1)), 0);
}

#[test]
fn a_host_has_so_many_mappings_and_leaves_others_theirs() {
    let mut nat = nat(NatModel { mappings_per_host: Some(2), ..NatModel::default() });
    for port in [5000, 5001] {
        nat.send(&inside(2, port), SERVER, at_ms(0)).unwrap();
    }
    assert_eq!(nat.send(&inside(2, 5002), SERVER, at_ms(1)), Err(Refused::HostLimit));
    assert!(nat.send(&inside(2, 5001), STRANGER, at_ms(1)).is_ok(), "its mappings serve");
    assert!(nat.send(&inside(3, 5002), SERVER, at_ms(1)).is_ok());
}

#[test]
fn where_udp_is_blocked_nothing_passes_in_either_direction() {
    let mut nat = nat(named("udp-blocked"));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(0)), Err(Refused::UdpBlocked));
    let outside = SocketAddr::new(ip(EXTERNAL), 5000);
    assert_eq!(nat.receive(SERVER, outside, at_ms(0)), Err(Refused::UdpBlocked));
}

#[test]
fn without_an_address_of_the_family_nothing_goes_out() {
    let mut nat = with_addresses(NatModel::default(), &["2001:db8::1"]);
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(0)), Err(Refused::NoAddress));
}

#[test]
fn tables_do_not_grow_with_what_has_ended() {
    let timeout = Duration::from_secs(1);
    let mut nat = nat(NatModel { timeout, ..named("symmetric") });
    let mut send_hundred = |round: u64| {
        for port in 5000..5100 {
            nat.send(&inside(2, port), SERVER, at_ms(1_000 * round)).unwrap();
        }
        nat.bytes()
    };
    send_hundred(0);
    let bytes = send_hundred(1);
    assert!((2..50).all(|round| send_hundred(round) == bytes));
}

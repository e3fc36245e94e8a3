use std::collections::BTreeSet;

use super::*;

fn model(ports: PortAllocation) -> NatModel {
    NatModel { ports, ..NatModel::default() }
}

/// Where so many ports of the laptop come out, one after the other.
fn ports_of(nat: &mut Nat, count: u16) -> Vec<u16> {
    let inside = |port| format!("192.168.1.2:{port}");
    (0..count).map(|n| nat.send(&inside(9000 + n), SERVER, at_ms(0)).unwrap().port()).collect()
}

#[test]
fn a_preserving_nat_keeps_a_port_that_is_free() {
    let mut nat = nat(model(PortAllocation::Preserving));
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(0)), Ok(SocketAddr::new(ip(EXTERNAL), 5000)));
}

/// RFC 4787 REQ-3: no port overloading.
#[test]
fn a_preserving_nat_gives_the_second_host_another_port() {
    let mut nat = nat(model(PortAllocation::Preserving));
    let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    let phone = nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    assert_ne!(laptop, phone);
    assert_eq!(nat.receive(SERVER, laptop, at_ms(1)), Ok(socket(LAPTOP)));
    assert_eq!(nat.receive(SERVER, phone, at_ms(1)), Ok(socket(PHONE)));
}

/// RFC 4787 REQ-3 a.
#[test]
fn a_well_known_port_is_not_kept_by_default() {
    let mut nat = nat(model(PortAllocation::Preserving));
    assert!(nat.send("192.168.1.2:500", SERVER, at_ms(0)).unwrap().port() >= 1024);
}

/// RFC 7857 section 3.
#[test]
fn where_ports_overlap_two_hosts_have_one_towards_different_servers() {
    let mapping = Behaviour::AddressAndPortDependent;
    let mut nat = nat(NatModel { mapping, ..model(PortAllocation::Overlapping) });
    let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    let phone = nat.send(PHONE, STRANGER, at_ms(0)).unwrap();
    assert_eq!(laptop, phone);
    assert_eq!(nat.receive(SERVER, laptop, at_ms(1)), Ok(socket(LAPTOP)));
    assert_eq!(nat.receive(STRANGER, laptop, at_ms(1)), Ok(socket(PHONE)));
    assert_ne!(nat.send(PHONE, SERVER, at_ms(2)), Ok(laptop));
}

#[test]
fn a_sequential_nat_counts_through_its_range_and_around() {
    let port_range = PortRange::new(6000, 6002).unwrap();
    let timeout = Duration::from_secs(1);
    let mut nat = nat(NatModel { port_range, timeout, ..model(PortAllocation::Sequential) });
    assert_eq!(ports_of(&mut nat, 2), [6000, 6001]);
    assert_eq!(nat.send(PHONE, SERVER, at_ms(1_000)).unwrap().port(), 6002);
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(1_000)).unwrap().port(), 6000);
}

#[test]
fn a_sequential_nat_skips_a_port_that_is_taken() {
    let (port_range, unsolicited) = (PortRange::new(6000, 6009).unwrap(), Unsolicited::Track);
    let sequential = model(PortAllocation::Sequential);
    let mut nat = nat(NatModel { port_range, unsolicited, ..sequential });
    let probed = SocketAddr::new(ip(EXTERNAL), 6001);
    assert_eq!(nat.receive(STRANGER, probed, at_ms(0)), Err(Refused::NoMapping));
    assert_eq!(ports_of(&mut nat, 3), [6000, 6002, 6003]);
}

#[test]
fn random_ports_fill_the_range_to_the_last_and_then_there_is_none() {
    let port_range = PortRange::new(6000, 6099).unwrap();
    let mut nat = nat(NatModel { port_range, ..model(PortAllocation::Random) });
    let ports = ports_of(&mut nat, 100);
    assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 100);
    assert!(ports.iter().all(|&port| port_range.contains(port)));
    assert!(!ports.is_sorted());
    assert_eq!(nat.send(PHONE, SERVER, at_ms(0)), Err(Refused::PortsExhausted));
}

#[test]
fn sixty_thousand_hosts_get_a_port_each() {
    let mut nat = nat(named("symmetric"));
    let mut taken = BTreeSet::new();
    for host in 0..60_000u16 {
        let source = SocketAddr::from(([10, 0, (host >> 8) as u8, host as u8], 5000));
        let flow = Flow { source, destination: socket(SERVER) };
        let Outbound::Forward(sent) = nat.outbound(flow, at_ms(0)).unwrap() else { panic!() };
        assert!(sent.source.port() >= 1024 && taken.insert(sent.source), "{}", sent.source);
    }
    assert_eq!(nat.mappings(at_ms(0)), 60_000);
}

#[test]
fn another_seed_or_name_draws_other_ports_and_the_same_the_same() {
    let ports = |seed, name| {
        let draws = Draws::new(seed);
        ports_of(&mut Nat::new(named("symmetric"), vec![ip(EXTERNAL)], &draws, name), 20)
    };
    assert_eq!(ports(1, "home"), ports(1, "home"));
    assert_ne!(ports(1, "home"), ports(2, "home"));
    assert_ne!(ports(1, "home"), ports(1, "office"));
}

#[test]
fn after_a_reboot_other_ports_are_drawn() {
    let mut nat = nat(named("symmetric"));
    let before = ports_of(&mut nat, 20);
    nat.reboot();
    assert_ne!(ports_of(&mut nat, 20), before);
}

const POOL: [&str; 4] = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"];

/// External addresses of so many hosts, by what each of two ports of theirs gets.
fn addresses(pooling: Pooling) -> Vec<[IpAddr; 2]> {
    let mut nat = with_addresses(NatModel { pooling, ..NatModel::default() }, &POOL);
    let mut address = |host, port| {
        let inside = format!("192.168.{}.{}:{port}", host / 250, host % 250);
        nat.send(&inside, SERVER, at_ms(0)).unwrap().ip()
    };
    (0..1000).map(|host| [address(host, 5000), address(host, 5001)]).collect()
}

/// The standard deviation of how many of a thousand hosts have one of four addresses is 14.
fn is_balanced(addresses: &[[IpAddr; 2]]) -> bool {
    let of = |address| addresses.iter().flatten().filter(|&&one| one == ip(address)).count();
    POOL.into_iter().all(|address| (2 * 180..2 * 320).contains(&of(address)))
}

/// RFC 4787 REQ-2.
#[test]
fn paired_pooling_gives_a_host_one_address_and_hosts_all_of_them() {
    let addresses = addresses(Pooling::Paired);
    assert!(addresses.iter().all(|[one, other]| one == other));
    assert!(is_balanced(&addresses));
}

#[test]
fn arbitrary_pooling_gives_a_mapping_any_address() {
    let addresses = addresses(Pooling::Arbitrary);
    let same = addresses.iter().filter(|[one, other]| one == other).count();
    assert!((180..320).contains(&same), "{same}");
    assert!(is_balanced(&addresses));
}

#[test]
fn arbitrary_pooling_uses_every_port_of_every_address() {
    let (pooling, port_range) = (Pooling::Arbitrary, PortRange::new(6000, 6009).unwrap());
    let model = NatModel { pooling, port_range, ..NatModel::default() };
    let mut nat = with_addresses(model, &POOL);
    assert_eq!(ports_of(&mut nat, 40).len(), 40);
    assert_eq!(nat.send(PHONE, SERVER, at_ms(0)), Err(Refused::PortsExhausted));
}

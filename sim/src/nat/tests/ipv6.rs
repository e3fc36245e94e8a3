use super::*;

const LAPTOP6: &str = "[2001:db8:1::2]:5000";
const SERVER6: &str = "[2001:db8:9::1]:6000";
const STRANGER6: &str = "[2001:db8:9::2]:6000";

#[test]
fn a_firewall_changes_no_address_and_lets_answers_in() {
    let mut firewall = with_addresses(named("ipv6-firewall"), &[]);
    assert_eq!(firewall.send(LAPTOP6, SERVER6, at_ms(0)), Ok(socket(LAPTOP6)));
    assert_eq!(firewall.receive(SERVER6, socket(LAPTOP6), at_ms(1)), Ok(socket(LAPTOP6)));
}

#[test]
fn a_firewall_lets_nobody_in_unasked() {
    let mut firewall = with_addresses(named("ipv6-firewall"), &[]);
    let probe = firewall.receive(STRANGER6, socket(LAPTOP6), at_ms(0));
    assert_eq!(probe, Err(Refused::NoMapping));
    firewall.send(LAPTOP6, SERVER6, at_ms(1)).unwrap();
    let probe = firewall.receive(STRANGER6, socket(LAPTOP6), at_ms(2));
    assert_eq!(probe, Err(Refused::Filtered));
}

/// What allocation, pooling and mapping say is of no consequence where nothing is translated.
#[test]
fn a_firewall_has_one_mapping_for_all_destinations() {
    for ports in [PortAllocation::Overlapping, PortAllocation::Random] {
        let mapping = Behaviour::AddressAndPortDependent;
        let model = NatModel { mapping, ports, ..named("ipv6-firewall") };
        let mut firewall = with_addresses(model, &[]);
        for server in [SERVER6, STRANGER6] {
            assert_eq!(firewall.send(LAPTOP6, server, at_ms(0)), Ok(socket(LAPTOP6)));
        }
        assert_eq!(firewall.mappings(at_ms(0)), 1);
    }
}

#[test]
fn a_home_router_translates_one_family_and_filters_the_other() {
    let mut router = with_addresses(NatModel::default(), &[EXTERNAL, "2001:db8::1"]);
    assert_eq!(router.send(LAPTOP, SERVER, at_ms(0)).unwrap().ip(), ip(EXTERNAL));
    assert_eq!(router.send(LAPTOP6, SERVER6, at_ms(0)), Ok(socket(LAPTOP6)));
}

#[test]
fn a_nat_may_translate_both() {
    let model = NatModel { translate: Translate::Both, ..NatModel::default() };
    let mut nat = with_addresses(model, &[EXTERNAL, "2001:db8::1"]);
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(0)).unwrap().ip(), ip(EXTERNAL));
    let outside = nat.send(LAPTOP6, SERVER6, at_ms(0)).unwrap();
    assert_eq!(outside, socket("[2001:db8::1]:5000"));
    assert_eq!(nat.receive(SERVER6, outside, at_ms(1)), Ok(socket(LAPTOP6)));
}

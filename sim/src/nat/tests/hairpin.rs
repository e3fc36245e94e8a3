use super::*;

fn nat_with(hairpin: Hairpin, filtering: Behaviour) -> Nat {
    nat(NatModel { hairpin, filtering, ..NatModel::default() })
}

impl Nat {
    /// Sends something to an external endpoint of the NAT itself.
    fn send_back(&mut self, from: &str, to: SocketAddr) -> Result<Flow, Refused> {
        match self.outbound(Flow { source: socket(from), destination: to }, at_ms(1))? {
            Outbound::Hairpin(flow) => Ok(flow),
            sent @ Outbound::Forward(_) => panic!("{sent:?}"),
        }
    }
}

/// RFC 4787 REQ-9 a.
#[test]
fn a_packet_turns_back_from_the_senders_external_endpoint() {
    let mut nat = nat_with(Hairpin::ExternalSource, Behaviour::EndpointIndependent);
    let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    let phone = nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    let flow = nat.send_back(LAPTOP, phone).unwrap();
    assert_eq!(flow, Flow { source: laptop, destination: socket(PHONE) });
}

#[test]
fn a_packet_may_turn_back_from_the_senders_inside_endpoint() {
    let mut nat = nat_with(Hairpin::InternalSource, Behaviour::EndpointIndependent);
    let phone = nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    let flow = nat.send_back(LAPTOP, phone).unwrap();
    assert_eq!(flow, Flow { source: socket(LAPTOP), destination: socket(PHONE) });
}

#[test]
fn without_hairpinning_a_packet_to_oneself_goes_nowhere_and_leaves_nothing() {
    let mut nat = nat_with(Hairpin::Off, Behaviour::EndpointIndependent);
    let phone = nat.send(PHONE, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.send_back(LAPTOP, phone), Err(Refused::HairpinOff));
    assert_eq!(nat.mappings(at_ms(1)), 1);
}

#[test]
fn what_turns_back_is_filtered_by_the_senders_external_endpoint() {
    for hairpin in [Hairpin::ExternalSource, Hairpin::InternalSource] {
        let mut nat = nat_with(hairpin, Behaviour::AddressAndPortDependent);
        let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
        let phone = nat.send(PHONE, SERVER, at_ms(0)).unwrap();
        // The first one opens the way for the second, as between two NATs.
        assert_eq!(nat.send_back(LAPTOP, phone), Err(Refused::Filtered));
        assert_eq!(nat.send_back(PHONE, laptop).unwrap().destination, socket(LAPTOP));
        assert_eq!(nat.send_back(LAPTOP, phone).unwrap().destination, socket(PHONE));
    }
}

#[test]
fn nothing_turns_back_to_an_endpoint_that_leads_nowhere() {
    let mut nat = nat_with(Hairpin::ExternalSource, Behaviour::EndpointIndependent);
    let nowhere = SocketAddr::new(ip(EXTERNAL), 7000);
    assert_eq!(nat.send_back(LAPTOP, nowhere), Err(Refused::NoMapping));
}

#[test]
fn a_host_reaches_itself() {
    let mut nat = nat_with(Hairpin::ExternalSource, Behaviour::EndpointIndependent);
    let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    let flow = nat.send_back(LAPTOP, laptop).unwrap();
    assert_eq!(flow, Flow { source: laptop, destination: socket(LAPTOP) });
}

use super::*;

/// A NAT of that kind, and where what the laptop sends to the server comes from.
fn opened(mapping: Behaviour, filtering: Behaviour) -> (Nat, SocketAddr) {
    let mut nat = nat(NatModel { mapping, filtering, ..NatModel::default() });
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    (nat, outside)
}

/// RFC 4787 section 5: who may answer through a mapping that was used towards the server alone.
#[test]
fn lets_in_whom_its_filtering_lets_in_whatever_its_mapping() {
    for mapping in BEHAVIOURS {
        for (filtering, may_enter) in [
            (Behaviour::EndpointIndependent, [true, true, true]),
            (Behaviour::AddressDependent, [true, true, false]),
            (Behaviour::AddressAndPortDependent, [true, false, false]),
        ] {
            let (mut nat, outside) = opened(mapping, filtering);
            for (from, may_enter) in [SERVER, SAME_ADDRESS, STRANGER].into_iter().zip(may_enter) {
                let expected = if may_enter { Ok(socket(LAPTOP)) } else { Err(Refused::Filtered) };
                let actual = nat.receive(from, outside, at_ms(1));
                assert_eq!(actual, expected, "{from} through {mapping:?}, {filtering:?}");
            }
        }
    }
}

/// A filter is a mapping's: what went out through another one lets nobody in here.
#[test]
fn sending_to_somebody_lets_them_in_through_the_mapping_that_it_went_through() {
    for mapping in BEHAVIOURS {
        for filtering in BEHAVIOURS {
            let (mut nat, outside) = opened(mapping, filtering);
            let to_stranger = nat.send(LAPTOP, STRANGER, at_ms(1)).unwrap();
            assert_eq!(nat.receive(STRANGER, to_stranger, at_ms(2)), Ok(socket(LAPTOP)));
            let is_shared = mapping == Behaviour::EndpointIndependent;
            assert_eq!(to_stranger == outside, is_shared, "{mapping:?}");
            let may_enter = is_shared || filtering == Behaviour::EndpointIndependent;
            let entered = nat.receive(STRANGER, outside, at_ms(2)).is_ok();
            assert_eq!(entered, may_enter, "{mapping:?}, {filtering:?}");
        }
    }
}

#[test]
fn two_ports_of_one_address_share_a_mapping_unless_ports_make_a_difference() {
    for mapping in BEHAVIOURS {
        let (mut nat, outside) = opened(mapping, Behaviour::EndpointIndependent);
        let other = nat.send(LAPTOP, SAME_ADDRESS, at_ms(1)).unwrap();
        let is_shared = mapping != Behaviour::AddressAndPortDependent;
        assert_eq!(other == outside, is_shared, "{mapping:?}");
    }
}

#[test]
fn nobody_gets_in_where_nobody_went_out() {
    let mut nat = nat(named("full-cone"));
    let outside = SocketAddr::new(ip(EXTERNAL), 5000);
    assert_eq!(nat.receive(SERVER, outside, at_ms(0)), Err(Refused::NoMapping));
}

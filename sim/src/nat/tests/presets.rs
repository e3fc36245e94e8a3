use super::*;

/// What a test after RFC 5780 sections 4.3 and 4.4 finds: mapping, filtering, and whether the port
/// is kept.
pub(super) fn observed(model: NatModel) -> (Behaviour, Behaviour, bool) {
    let mut nat = nat(model);
    let ports = [SERVER, SAME_ADDRESS, STRANGER].map(|to| nat.send(LAPTOP, to, at_ms(0)).unwrap());
    let mapping = weakest(ports[0] == ports[1], ports[0] == ports[2]);
    // A fresh one, since what it sent so far has let them all in.
    let mut nat = super::nat(model);
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    let enters = [SAME_ADDRESS, STRANGER].map(|from| nat.receive(from, outside, at_ms(1)).is_ok());
    (mapping, weakest(enters[0], enters[1]), outside.port() == socket(LAPTOP).port())
}

/// The behaviour that treats another port, and another address, like the first.
fn weakest(same_by_port: bool, same_by_address: bool) -> Behaviour {
    match (same_by_port, same_by_address) {
        (true, true) => Behaviour::EndpointIndependent,
        (true, false) => Behaviour::AddressDependent,
        (false, false) => Behaviour::AddressAndPortDependent,
        (false, true) => panic!("a port matters, and an address does not"),
    }
}

#[test]
fn every_preset_has_its_name_once_and_is_what_its_model_says() {
    let names = NatModel::names();
    for (at, name) in names.into_iter().enumerate() {
        assert!(!names[..at].contains(&name), "{name} is there twice");
        let model = named(name);
        if model.udp {
            let (mapping, filtering, _) = observed(model);
            let says = (model.observed_mapping(), model.observed_filtering());
            if model.translate != Translate::Neither {
                assert_eq!((mapping, filtering), says, "{name}");
            }
        }
    }
    assert_eq!(NatModel::named("half-cone"), None);
}

/// RFC 3489 section 5.
#[test]
fn the_classic_names_mean_what_they_always_did() {
    use Behaviour::{
        AddressAndPortDependent as Apd, AddressDependent as Ad, EndpointIndependent as Ei,
    };
    for (name, mapping, filtering) in [
        ("full-cone", Ei, Ei),
        ("restricted-cone", Ei, Ad),
        ("port-restricted-cone", Ei, Apd),
        ("symmetric", Apd, Apd),
    ] {
        let (found_mapping, found_filtering, _) = observed(named(name));
        assert_eq!((found_mapping, found_filtering), (mapping, filtering), "{name}");
    }
}

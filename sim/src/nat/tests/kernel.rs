//! The Linux kernel's own NAT, as it was measured with network namespaces (kernel 6.18): each
//! nftables recipe as a model, with the same verdicts.

use super::presets::observed;
use super::*;

use Behaviour::{
    AddressAndPortDependent as Apd, AddressDependent as Ad, EndpointIndependent as Ei,
};

/// `masquerade`, with input on the WAN dropped.
fn masquerade() -> NatModel {
    named("linux-masquerade")
}

/// `masquerade random` and `fully-random`.
fn fully_random() -> NatModel {
    named("linux-masquerade-random")
}

/// `masquerade to :jhash(source)`: a port for each inside endpoint, but not its own.
fn hash_of_source() -> NatModel {
    NatModel { mapping: Ei, ports: PortAllocation::Random, ..masquerade() }
}

/// `masquerade to :jhash(source, destination address)`.
fn hash_of_source_and_address() -> NatModel {
    NatModel { mapping: Ad, ports: PortAllocation::Random, ..masquerade() }
}

/// `masquerade to :numgen inc`.
fn counting() -> NatModel {
    NatModel { ports: PortAllocation::Sequential, ..masquerade() }
}

/// A static DNAT of all UDP, or a map learnt after SNAT.
fn learnt_map() -> NatModel {
    NatModel { mapping: Ei, filtering: Ei, ..masquerade() }
}

/// The map, and a set of those to whom something was sent.
fn learnt_map_and_set() -> NatModel {
    NatModel { filtering: Ad, ..learnt_map() }
}

/// Two homes: each host's NAT, and where the other believes it to be.
struct Homes {
    nats: [Nat; 2],
    /// Where the relay has seen each; later, if asked, where its packets have come from.
    known: [SocketAddr; 2],
    reached: [bool; 2],
    now_ms: u64,
}

const ADDRESSES: [&str; 2] = ["198.18.0.1", "198.18.0.2"];

impl Homes {
    /// Both hosts have registered with the relay.
    fn new(models: [NatModel; 2]) -> Self {
        let [mut a, mut b] = [0, 1].map(|home| with_addresses(models[home], &[ADDRESSES[home]]));
        let known = [&mut a, &mut b].map(|nat| nat.send(LAPTOP, SERVER, at_ms(0)).unwrap());
        Self { nats: [a, b], known, reached: [false; 2], now_ms: 0 }
    }

    /// A host sends to where it believes the other. If that arrives and `answers_source`, the
    /// other sends to where it came from, from now on.
    fn probe(&mut self, home: usize, answers_source: bool) {
        self.now_ms += 1;
        let (now, other) = (at_ms(self.now_ms), 1 - home);
        let to = self.known[other];
        let from = self.nats[home].send(LAPTOP, &to.to_string(), now).unwrap();
        if self.nats[other].receive(&from.to_string(), to, now).is_ok() {
            self.reached[other] = true;
            if answers_source {
                self.known[home] = from;
            }
        }
    }

    /// Both probe in turns, the first home first.
    fn punch(&mut self, answers_source: bool) -> bool {
        self.reached = [false; 2];
        for _ in 0..5 {
            self.probe(0, answers_source);
            self.probe(1, answers_source);
        }
        self.reached == [true; 2]
    }
}

#[test]
fn recipes_behave_as_measured() {
    for (recipe, model, expected, punches) in [
        ("masquerade", masquerade(), (Ei, Apd, true), true),
        ("fully-random", fully_random(), (Apd, Apd, false), false),
        ("jhash(source)", hash_of_source(), (Ei, Apd, false), true),
        ("jhash(source, address)", hash_of_source_and_address(), (Ad, Apd, false), false),
        ("numgen inc", counting(), (Apd, Apd, false), false),
        ("dynamic map", learnt_map(), (Ei, Ei, true), true),
        ("dynamic map and set", learnt_map_and_set(), (Ei, Ad, true), true),
    ] {
        assert_eq!(observed(model), expected, "{recipe}");
        for homes in [[model, masquerade()], [masquerade(), model]] {
            for answers_source in [false, true] {
                let punched = Homes::new(homes).punch(answers_source);
                assert_eq!(punched, punches, "{recipe} against masquerade");
            }
        }
    }
}

#[test]
fn fully_random_reaches_a_weaker_filter_that_answers_where_packets_come_from() {
    for weaker in [learnt_map(), learnt_map_and_set()] {
        assert!(Homes::new([fully_random(), weaker]).punch(true));
        assert!(!Homes::new([fully_random(), weaker]).punch(false));
    }
}

#[test]
fn a_forward_chain_that_drops_udp_leaves_the_relay_unreachable() {
    let mut nat = nat(NatModel { udp: false, ..masquerade() });
    assert_eq!(nat.send(LAPTOP, SERVER, at_ms(0)), Err(Refused::UdpBlocked));
}

/// `nf_conntrack_udp_timeout=2`.
fn two_seconds(model: NatModel) -> (Nat, SocketAddr) {
    let unreplied_timeout = Some(Duration::from_secs(2));
    let mut nat = nat(NatModel { unreplied_timeout, ..model });
    let outside = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    (nat, outside)
}

#[test]
fn a_timeout_of_two_seconds_passes_after_1_8_and_not_after_2_6() {
    for model in [masquerade(), fully_random()] {
        let (mut nat, outside) = two_seconds(model);
        assert!(nat.receive(SERVER, outside, at_ms(1_800)).is_ok());
        let (mut nat, outside) = two_seconds(model);
        assert!(nat.receive(SERVER, outside, at_ms(2_600)).is_err());
    }
}

#[test]
fn after_the_timeout_masquerade_takes_the_same_port_again_and_fully_random_a_new_one() {
    for (model, same) in [(masquerade(), true), (fully_random(), false)] {
        let (mut nat, before) = two_seconds(model);
        let after = nat.send(LAPTOP, SERVER, at_ms(2_600)).unwrap();
        assert_eq!(before == after, same);
    }
}

/// The trap of a NAT that does not drop what comes to its WAN side unasked.
#[test]
fn a_probe_that_comes_first_takes_the_port_and_punching_fails_for_a_while() {
    let open_input = NatModel { unsolicited: Unsolicited::Track, ..masquerade() };
    let mut homes = Homes::new([masquerade(), open_input]);
    assert!(!homes.punch(false));

    // Thirty seconds later nobody remembers the probe; meanwhile both kept in touch with the relay.
    for at_s in [10, 20, 30, 40] {
        for nat in &mut homes.nats {
            nat.send(LAPTOP, SERVER, at_ms(1_000 * at_s)).unwrap();
        }
    }
    homes.now_ms = 45_000;
    homes.probe(1, false);
    assert!(homes.punch(false), "now that its own probe goes out first");
}

#[test]
fn where_input_is_dropped_a_probe_that_comes_first_does_no_harm() {
    let mut homes = Homes::new([masquerade(), masquerade()]);
    assert!(homes.punch(false));
}

/// The whole port is taken where ports do not overlap.
#[test]
fn a_probe_takes_a_free_port_from_a_host_that_would_have_kept_it() {
    let unsolicited = Unsolicited::Track;
    let mut nat = nat(NatModel { unsolicited, ..NatModel::default() });
    let wanted = SocketAddr::new(ip(EXTERNAL), 5000);
    assert_eq!(nat.receive(STRANGER, wanted, at_ms(0)), Err(Refused::NoMapping));
    assert_ne!(nat.send(LAPTOP, SERVER, at_ms(1)), Ok(wanted));
}

#[test]
fn a_probe_that_comes_again_keeps_the_port() {
    let unsolicited = Unsolicited::Track;
    let timeout = Duration::from_secs(10);
    let mut nat = nat(NatModel { unsolicited, timeout, ..NatModel::default() });
    let wanted = SocketAddr::new(ip(EXTERNAL), 5000);
    for at in [0, 6_000] {
        assert_eq!(nat.receive(STRANGER, wanted, at_ms(at)), Err(Refused::NoMapping));
    }
    assert_ne!(nat.send(LAPTOP, SERVER, at_ms(15_999)), Ok(wanted));
    assert_eq!(nat.send(PHONE, SERVER, at_ms(16_000)), Ok(wanted));
}

/// Two inside hosts with one source port: what `masquerade` does then depends on the destination.
#[test]
fn masquerade_shares_a_port_between_hosts_until_they_talk_to_the_same_server() {
    let mut nat = nat(masquerade());
    let laptop = nat.send(LAPTOP, SERVER, at_ms(0)).unwrap();
    assert_eq!(nat.send(PHONE, STRANGER, at_ms(0)), Ok(laptop));
    assert_ne!(nat.send(PHONE, SERVER, at_ms(0)), Ok(laptop));
}

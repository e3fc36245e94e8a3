use super::*;

fn at(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

fn attested() -> Attested {
    let (SocketAddr::V4(v4), SocketAddr::V6(v6)) =
        (at("203.0.113.7:4747"), at("[2001:db8:7:7::1]:4747"))
    else {
        panic!("one of each")
    };
    Attested::new(Some(v4), Some(v6))
}

#[test]
fn a_peer_is_probed_where_a_relay_sees_it_on_any_port_that_a_nat_gives() {
    let elsewhere = [at("198.51.100.1:4747")];
    let may = |candidate: &str| may_be_probed(at(candidate), &attested(), &elsewhere);
    assert!(may("203.0.113.7:4747") && may("203.0.113.7:1024"));
    assert!(!may("203.0.113.7:1023"));
    assert!(!may("203.0.113.8:4747"), "a third party");
    assert!(
        may("[2001:db8:7:7:1234::5]:9999"),
        "another address of the same host or its neighbours"
    );
    assert!(!may("[2001:db8:7:8::1]:4747"));
}

#[test]
fn private_addresses_are_probed_only_within_one_network() {
    let may = |candidate: &str, own: &str| may_be_probed(at(candidate), &attested(), &[at(own)]);
    assert!(may("192.168.1.20:4747", "203.0.113.7:5000"), "behind the same address");
    assert!(may("[fd00::1]:4747", "[2001:db8:7:7::99]:4747"), "on the same link");
    assert!(!may("192.168.1.20:4747", "198.51.100.1:4747"));
    assert!(!may("10.0.0.1:4747", "10.0.0.2:4747"), "a relay sees us within, but the peer outside");
}

#[test]
fn nobody_is_probed_at_an_address_that_is_no_hosts() {
    let own = [at("203.0.113.7:5000")];
    for candidate in [
        "127.0.0.1:4747",
        "0.0.0.0:4747",
        "0.1.2.3:4747",
        "169.254.1.1:4747",
        "224.0.0.1:4747",
        "255.255.255.255:4747",
        "240.0.0.1:4747",
        "100.64.0.1:4747",
        "[::]:4747",
        "[::1]:4747",
        "[fe80::1]:4747",
        "[ff02::1]:4747",
        "[::ffff:203.0.113.7]:4747",
    ] {
        assert!(!may_be_probed(at(candidate), &attested(), &own), "{candidate}");
    }
}

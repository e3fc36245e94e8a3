//! Every way to write a peer.

use super::*;

const ID: &str = "kf3yt6bdbxlmkgvsoagyrxvc3mvt2vl6enbuhmw3tg2xsq4k5ca";

fn id() -> String {
    let mut number = 0;
    let draw = || {
        number += 1;
        [number; 32]
    };
    let (identity, _) = underpass_core::SecretIdentity::generate(draw).expect("a usable key");
    identity.id().to_string()
}

#[test]
fn what_is_written_back_is_what_was_read() {
    let id = id();
    for text in [
        format!("underpass://{id}"),
        format!("underpass://{id}@example.org:99"),
        format!("underpass://{id}@[2001:db8::1]:4747"),
        "192.0.2.1:4747".into(),
        "[::1]:1".into(),
    ] {
        assert_eq!(text.parse::<PeerAddress>().map(|peer| peer.to_string()), Ok(text));
    }
}

#[test]
fn a_port_that_is_left_out_is_the_usual_one() {
    for (text, shown) in
        [("example.org", "example.org:4747"), ("2001:db8::1", "[2001:db8::1]:4747")]
    {
        assert_eq!(text.parse::<PeerAddress>().map(|peer| peer.to_string()), Ok(shown.into()));
    }
}

#[test]
fn an_id_alone_is_a_key() {
    let peer: PeerAddress = id().parse().expect("an id");
    assert!(matches!(peer, PeerAddress::Key(_)));
}

#[test]
fn what_is_wrong_is_said() {
    let parse = |text: &str| text.parse::<PeerAddress>().expect_err(text);
    assert_eq!(parse("192.0.2.1:0"), PeerAddressError::Port);
    assert_eq!(parse("192.0.2.1:65536"), PeerAddressError::Port);
    assert_eq!(parse("exa mple.org:1"), PeerAddressError::Host);
    assert_eq!(parse("[::1:1"), PeerAddressError::Host);
    assert!(matches!(parse(&ID[1..]), PeerAddressError::Id(PeerIdError::Length(50))));
    assert!(matches!(parse("underpass://x@a:1"), PeerAddressError::Id(_)));
}

//! Messages between daemons.

use crate::daemon::Daemon;

/// Bytes that no two lengths share.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31 + len) % 251) as u8).collect()
}

const LENGTHS: [usize; 3] = [1, 1152, 1 << 20];

fn send_all(from: &Daemon, to: &str) {
    for len in LENGTHS {
        from.send(to, &["--timeout-ms", "60000"], &payload(len)).ok();
    }
    from.send(to, &["--timeout-ms", "60000"], b".").ok();
}

#[test]
fn messages_of_any_length_arrive_exactly_once() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    let mut watch = a.watch();
    send_all(&b, &a.id);
    let mut got = watch.messages_until_dot();
    got.sort_by_key(Vec::len);
    assert!(
        got.iter().map(Vec::len).eq(LENGTHS),
        "{:?}",
        got.iter().map(Vec::len).collect::<Vec<_>>()
    );
    let shown = got.iter().zip(LENGTHS).filter(|(_, len)| *len <= 16 * 1024);
    assert!(shown.clone().count() == 2 && { shown }.all(|(got, len)| *got == payload(len)));
}

#[test]
fn whoever_is_known_by_key_alone_is_found_through_the_one_in_the_middle() {
    let middle = Daemon::new();
    middle.configure_top("relay = true");
    let middle = middle.up();
    let a = Daemon::near(&middle, &[&middle.url()]).up();
    let c = Daemon::near(&middle, &[&middle.url()]).up();
    a.reach(&middle.id);
    c.reach(&middle.id);
    let mut watch = c.watch();
    send_all(&a, &c.id);
    let got = watch.messages_until_dot();
    assert_eq!(got.len(), LENGTHS.len());
    let status = middle.status();
    assert_eq!((&status["relays"], &status["active"]), (&true.into(), &2.into()));
}

#[test]
fn ipv6_is_as_good() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("not run: this machine has no IPv6");
        return;
    }
    let listen = |command: &mut std::process::Command| {
        command.args(["--set", "listen=[::1]:0"]);
    };
    let a = Daemon::new().up_with(listen);
    let b = Daemon::near(&a, &[&a.url()]).up_with(listen);
    b.reach(&a.id);
    assert_eq!(b.peer(&a.id)["address"], a.listen().to_string());
}

#[test]
fn whoever_is_at_an_address_shows_its_key() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.listen().to_string()]).up();
    b.reach(&a.listen().to_string());
    assert_eq!(b.peer(&a.id)["asked_as"], a.listen().to_string());
}

#[test]
fn a_peer_is_meant_by_its_address_and_by_a_name_of_that() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[]).up();
    b.reach(&format!("localhost:{}", a.listen().port()));
    b.reach(&a.listen().to_string());
    assert_eq!(b.status()["active"], 1);
}

#[test]
fn a_peer_is_meant_by_the_beginning_of_its_id() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    b.ask(&["ping", &a.id[..8], "-n", "1"]).ok();
    assert_eq!(b.ask(&["ping", "aaaaaaaa", "-n", "1"]).code, Some(1));
}

#[test]
fn a_node_sends_itself_what_it_likes() {
    let a = Daemon::new().up();
    let mut watch = a.watch();
    a.send(&a.id, &[], b"hello").ok();
    a.send(&a.id, &[], b".").ok();
    assert_eq!(watch.messages_until_dot(), [b"hello"]);
}

#[test]
fn what_was_not_delivered_is_said_with_what_is_known() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let nobody = b.send(&a.id, &["--reply", "--kind", "9"], b"?");
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("nobody handles this kind"), "{}", nobody.err);
    let reserved = b.send(&a.id, &["--kind", "65504"], b"?");
    assert_eq!(reserved.code, Some(2), "{}", reserved.err);
    let long = b.send(&a.id, &[], &vec![0; (4 << 20) + 1]);
    assert!(long.err.contains("at most 4194304 bytes"), "{}", long.err);
}

#[test]
fn a_measurement_counts_what_the_peer_has() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    let bench = b.ask(&["bench", &a.id, "--secs", "1", "--size", "100", "--json"]).json();
    let messages = bench["messages"].as_u64().expect("a number");
    assert!(messages > 0);
    assert_eq!(bench["bytes"], messages * 100);
}

#[test]
fn who_is_not_there_is_told_from_a_name_that_nobody_has() {
    let a = Daemon::new().up();
    let unknown = a.ask(&["send", "aaaaaaaa", "?"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("`underpass peers` lists"), "{}", unknown.err);
    let name = a.ask(&["send", "nobody.invalid:4747", "?"]);
    assert_eq!(name.code, Some(1));
    assert!(name.err.contains("the name in its address is not found"), "{}", name.err);
}

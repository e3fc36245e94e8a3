//! The HTTP API, spoken to by hand.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::daemon::{Daemon, Said, underpass};

/// Sends a request as it is, and reads the whole answer.
fn raw(daemon: &Daemon, request: &str) -> String {
    let mut stream = TcpStream::connect(daemon.api()).expect("it listens");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn get(daemon: &Daemon, path: &str, headers: &str) -> String {
    let host = daemon.api();
    raw(
        daemon,
        &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"),
    )
}

fn bearer(daemon: &Daemon) -> String {
    format!("Authorization: Bearer {}\r\n", daemon.token())
}

#[test]
fn nothing_is_said_without_the_token() {
    let a = Daemon::new().up();
    for path in ["/status", "/peers", "/events", "/metrics", "/healthz", "/openapi.json", "/x"] {
        let answer = get(&a, path, "");
        assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
        assert!(!answer.contains(&a.id), "{path}");
    }
    let opened = get(&a, "/status", &bearer(&a));
    assert!(opened.starts_with("HTTP/1.1 200") && opened.contains(&a.id), "{opened}");
}

#[test]
fn the_page_is_whole_and_runs_nothing_of_others() {
    let a = Daemon::new().up();
    let page = get(&a, "/", "");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.to_lowercase().contains("content-security-policy: default-src 'none'"), "{page}");
    assert!(!page.contains(&a.id), "it knows nothing");
    for elsewhere in ["https://", "http://", "//cdn"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn a_problem_is_one_that_programs_can_read() {
    let a = Daemon::new().up();
    let answer = get(&a, "/peers/aaaaaaaa", &bearer(&a));
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("\"type\":\"urn:underpass:problem:not-found\""), "{answer}");
    let (host, bearer) = (a.api(), bearer(&a));
    let wrong =
        format!("PUT /status HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{bearer}\r\n");
    let answer = raw(&a, &wrong);
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert!(answer.to_lowercase().contains("allow: get"), "{answer}");
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let a = Daemon::new().up();
    let (host, bearer, len) = (a.api(), bearer(&a), (4 << 20) + 1);
    let head = format!(
        "POST /send?to={} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{bearer}Content-Length: {len}\r\n\r\n",
        a.id
    );
    let answer = raw(&a, &(head + &"x".repeat(len)));
    assert!(answer.starts_with("HTTP/1.1 413") || answer.is_empty(), "{answer}");
    a.status();
}

#[test]
fn counters_are_for_prometheus() {
    let a = Daemon::new().up();
    let answer = get(&a, "/metrics", &bearer(&a));
    for line in ["# TYPE underpass_datagrams_received counter", "underpass_dropped_total{reason="] {
        assert!(answer.contains(line), "{line}: {answer}");
    }
    assert!(answer.contains("# TYPE underpass_peers_active_direct gauge"), "{answer}");
}

#[test]
fn the_daemon_that_is_not_there_is_told_from_a_wrong_token() {
    let a = Daemon::new().up();
    std::fs::write(a.file("api.token"), "00".repeat(32)).expect("written");
    let wrong = a.ask(&["status"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("token is missing or wrong"), "{}", wrong.err);
    let config = a.config();
    let elsewhere = ["status", "--config", &config, "--set", "api.listen=127.0.0.1:1"];
    let nobody = Said::of(underpass(&elsewhere).output().expect("it starts"));
    assert_eq!(nobody.code, Some(3), "{}", nobody.err);
}

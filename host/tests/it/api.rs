//! The HTTP API, spoken to by hand.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::daemon::{self, Daemon, Said, underpass};

fn raw(daemon: &Daemon, request: &str) -> String {
    daemon::raw(daemon.api(), request)
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
fn the_daemon_that_is_not_there_is_told_from_one_with_another_token() {
    let a = Daemon::new().up();
    std::fs::write(a.file("api.token"), "00".repeat(32)).expect("written");
    let wrong = a.ask(&["status"]);
    assert_eq!(wrong.code, Some(3));
    assert!(wrong.err.contains("does not know the token"), "{}", wrong.err);
    let config = a.config();
    let elsewhere = ["status", "--config", &config, "--set", "api.listen=127.0.0.1:1"];
    let nobody = Said::of(underpass(&elsewhere).output().expect("it starts"));
    assert_eq!(nobody.code, Some(3), "{}", nobody.err);
}

#[test]
fn a_connection_without_the_token_is_over_with_its_first_answer() {
    let a = Daemon::new().up();
    let host = a.api();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answers = raw(&a, &request.repeat(3));
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "nobody keeps a place that way");
    let open = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n{}\r\n", bearer(&a));
    let close = open.replacen("Host", "Connection: close\r\nHost", 1);
    assert_eq!(raw(&a, &(open + &close)).matches("HTTP/1.1 200").count(), 2);
}

#[test]
fn the_token_is_not_told_to_whoever_listens_there() {
    let a = Daemon::new();
    let impostor = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = impostor.local_addr().expect("an address");
    let heard = std::thread::spawn(move || {
        let mut heard = String::new();
        let (mut stream, _) = impostor.accept().expect("somebody calls");
        let mut bytes = [0; 4096];
        while !heard.contains("\r\n\r\n") {
            let len = stream.read(&mut bytes).expect("a request");
            heard += &String::from_utf8_lossy(&bytes[..len]);
        }
        let proof = "00".repeat(32);
        let body = format!("{{\"proof\":\"{proof}\"}}");
        let len = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n{body}"
        );
        stream.write_all(answer.as_bytes()).expect("it reads");
        drop(stream);
        // A second call would be one too many.
        impostor.set_nonblocking(true).expect("ours");
        (heard, impostor)
    });
    let (config, set) = (a.config(), format!("api.listen={at}"));
    let asked = underpass(&["status", "--config", &config, "--set", &set]).output();
    let asked = Said::of(asked.expect("it starts"));
    let (heard, impostor) = heard.join().expect("no panic");
    assert!(!heard.contains(&a.token()), "{heard}");
    assert!(impostor.accept().is_err(), "it was called again");
    assert_eq!(asked.code, Some(3), "{}", asked.err);
    assert!(asked.err.contains("is not this configuration's daemon"), "{}", asked.err);
}

#[test]
fn a_measurement_takes_up_no_more_memory_than_a_host_has() {
    let a = Daemon::new().up();
    let (host, bearer) = (a.api(), bearer(&a));
    let request = format!(
        "POST /bench?to={}&size=4194304&at_once=17&secs=1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{bearer}\r\n",
        a.id
    );
    let answer = raw(&a, &request);
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

//! Beginnings and ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::daemon::{Daemon, Folder, Said, underpass, wait_until};

#[test]
fn a_daemon_that_is_told_to_end_tells_its_peers() {
    let a = Daemon::new().up();
    let mut b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let mut watch = a.watch();
    b.signal("TERM");
    assert_eq!(watch.next_of("left")["peer"], b.id);
    assert_eq!(b.ended(), Some(0));
    assert_eq!(a.peer(&b.id)["has_left"], true);
    let b = b.up();
    b.reach(&a.id);
    assert_eq!(a.peer(&b.id)["has_left"], false);
}

#[test]
fn a_daemon_that_is_busy_tells_its_peers_all_the_same() {
    let a = Daemon::new().up();
    let mut b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let mut watch = a.watch();
    let bench = ["bench", &a.id, "--secs", "60", "--size", "60000", "--at-once", "256"];
    let mut bench = b.command(&bench).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let bench = bench.as_mut().expect("it starts");
    let messages = || b.metric("messages_in_line");
    wait_until("messages wait for room", || messages() > 0);
    b.signal("TERM");
    assert_eq!(watch.next_of("left")["peer"], b.id);
    assert_eq!(b.ended(), Some(0));
    assert_eq!(bench.wait().expect("a child").code(), Some(1), "it was given up");
    assert_eq!(a.peer(&b.id)["has_left"], true, "it has not just fallen silent");
}

#[test]
fn a_daemon_that_was_killed_is_there_again() {
    let a = Daemon::new();
    a.configure_top("message_lifetime = \"2s\"");
    let a = a.up();
    let mut b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    b.signal("KILL");
    assert_eq!(b.ended(), None);
    let sent = a.send(&b.id, &[], b"while you were away");
    assert_eq!(sent.code, Some(1), "nobody knows: {}", sent.err);
    let b = b.up();
    let mut watch = b.watch();
    b.reach(&a.id);
    a.send(&b.id, &[], b"here you are").ok();
    a.send(&b.id, &[], b".").ok();
    assert_eq!(watch.messages_until_dot(), [b"here you are"]);
}

#[test]
fn a_restart_finds_the_peers_that_were_known_and_asked_for() {
    let a = Daemon::new().up();
    let mut b = Daemon::near(&a, &[&a.listen().to_string()]).up();
    b.reach(&a.listen().to_string());
    b.signal("TERM");
    b.ended();
    let b = b.up();
    // Its key is known before anybody has answered: only what was saved has it.
    assert_eq!(b.peer(&a.id)["id"], a.id);
    b.reach(&a.id);
}

#[test]
fn one_key_is_in_one_place() {
    let a = Daemon::new().up();
    let config = a.config();
    let second = underpass(&["up", "--config", &config, "--set", "listen=127.0.0.1:0"]);
    let second = Said::of({ second }.output().expect("it starts"));
    assert_eq!(second.code, Some(4));
    assert!(second.err.contains("in use by another daemon"), "{}", second.err);
    a.status();
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    for name in ["identity.key", "network.secret", "api.token"] {
        let a = Daemon::new();
        let file = a.file(name);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("ours");
        let config = a.config();
        let refused =
            Said::of(underpass(&["up", "--config", &config]).output().expect("it starts"));
        assert_eq!(refused.code, Some(2), "{name}");
        assert!(refused.err.contains("has mode 0640"), "{}", refused.err);
        assert!(refused.err.contains("chmod 600"), "{}", refused.err);
    }
}

#[test]
fn a_configuration_that_anybody_may_write_is_refused() {
    let a = Daemon::new();
    let file = a.file("underpass.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).expect("ours");
    let config = a.config();
    let refused = Said::of(underpass(&["up", "--config", &config]).output().expect("it starts"));
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("anybody may write"), "{}", refused.err);
    assert!(refused.err.contains("chmod o-w"), "{}", refused.err);
}

#[test]
fn files_of_secrets_are_their_owners_alone() {
    let a = Daemon::new().up();
    for name in ["identity.key", "network.secret", "api.token", "state.redb"] {
        let mode = fs::metadata(a.file(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_is_there_is_not_made_again() {
    let a = Daemon::new();
    let folder = a.file("");
    let again = underpass(&["init", folder.to_str().expect("text")]).output().expect("it starts");
    let again = Said::of(again);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is there already"), "{}", again.err);
}

#[test]
fn a_wrong_secret_opens_nothing() {
    let a = Daemon::new().up();
    let stranger = Daemon::with(&["--peer", &a.url()]).up();
    let asked = stranger.ask(&["ping", &a.id, "-n", "1", "--timeout-ms", "1500"]);
    assert_eq!(asked.code, Some(1));
    assert_eq!(stranger.peer(&a.id)["state"], "init");
    assert_eq!(a.status()["peers"], serde_json::json!([]));
}

#[test]
fn no_secret_is_in_the_log() {
    let a = Daemon::new().up_with(|command| {
        command.args(["--set", "log.level=trace", "--set", "log.format=json"]);
    });
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let log = a.log();
    assert!(log.contains("connected"), "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect(line);
    }
    for name in ["identity.key", "network.secret", "api.token"] {
        let secret = fs::read_to_string(a.file(name)).expect("a secret");
        assert!(!log.contains(secret.trim()), "{name}");
    }
}

#[test]
fn a_wall_clock_that_is_set_back_changes_nothing() {
    let has_faketime = Command::new("faketime").arg("--version").output().is_ok();
    if !has_faketime {
        eprintln!("not run: `faketime` is not installed");
        return;
    }
    let a = Daemon::new().up();
    let clock = a.file("clock");
    fs::write(&clock, "+0").expect("written");
    let library = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output();
    let library = Said::of(library.expect("it starts")).ok().out;
    let mut b = Daemon::near(&a, &[&a.url()]).up_with(|command| {
        command.env("LD_PRELOAD", library.trim()).env("FAKETIME_NO_CACHE", "1");
        command.env("FAKETIME_TIMESTAMP_FILE", &clock).env("DONT_FAKE_MONOTONIC", "1");
    });
    b.reach(&a.id);
    fs::write(&clock, "-10d").expect("written");
    b.reach(&a.id);
    a.reach(&b.id);
    assert_eq!(a.peer(&b.id)["state"], "active");
    b.signal("TERM");
    assert_eq!(b.ended(), Some(0));
    // The log's clock is the one that was set back: each line begins with its time.
    let log = b.log();
    let (first, last) = (log.lines().next(), log.lines().last());
    assert!(last < first, "{log}");
}

#[test]
fn a_port_that_is_taken_is_named_with_what_helps() {
    let a = Daemon::new().up();
    let b = Daemon::new();
    let (config, api) = (b.config(), format!("api.listen={}", a.api()));
    let listen = format!("listen={}", a.listen());
    for (set, key) in [(&api, "`api.listen`"), (&listen, "`listen`")] {
        let said = underpass(&["up", "--config", &config, "--set", set]).output();
        let said = Said::of(said.expect("it starts"));
        assert_eq!(said.code, Some(4), "{}", said.err);
        assert!(said.err.contains("Address already in use"), "{}", said.err);
        assert!(said.err.contains("help") && said.err.contains(key), "{}", said.err);
    }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let folder = Folder::new();
    let at = folder.path("node");
    let path = at.to_str().expect("text");
    for wrong in [&["--listen", "nowhere:1"][..], &["--peer", "nobody"], &["--secret", "/nowhere"]]
    {
        let said = underpass(&[&["init", path], wrong].concat()).output().expect("it starts");
        assert_eq!(Said::of(said).code, Some(2), "{wrong:?}");
        assert!(!at.exists(), "{wrong:?}");
    }
}

//! Messages that run scripts.

use std::fs;
use std::path::Path;

use crate::daemon::{Daemon, Folder, wait_until};

/// Whether the process whose number is in this file has ended.
fn has_ended(file: &Path) -> bool {
    let pid = fs::read_to_string(file).expect("it had begun");
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| stat.contains(") Z ")) || !Path::new("/proc").join(pid.trim()).exists()
}

/// Two daemons, of which the first runs these scripts for the second. `PEER` in them is that one's id.
fn pair(scripts: &str) -> (Daemon, Daemon) {
    let a = Daemon::new();
    let b = Daemon::near(&a, &[]);
    a.configure(&scripts.replace("PEER", &b.id));
    let a = a.up();
    let url = a.url();
    let b = b.up_with(|command| {
        command.args(["--set", &format!("peers={url}")]);
    });
    b.reach(&a.id);
    (a, b)
}

#[test]
fn what_a_script_prints_is_the_reply() {
    let (a, b) = pair(
        r#"
        [[script]]
        kind = 1
        run = "printf '%s ' $UNDERPASS_KIND; cat"
        allow = ["PEER"]
        [[script]]
        kind = 1
        body = "who"
        run = "printf %s $UNDERPASS_FROM"
        allow = ["network"]
        "#,
    );
    let said = b.send(&a.id, &["--kind", "1", "--reply"], b"hello").ok();
    assert_eq!(said.out, "1 hello");
    let said = b.send(&a.id, &["--kind", "1", "--reply"], b"who").ok();
    assert_eq!(said.out, b.id);
}

#[test]
fn only_those_who_are_allowed_run_it() {
    let other = Daemon::new();
    let (a, b) =
        pair(&format!("[[script]]\nkind = 1\nrun = \"touch ran\"\nallow = [\"{}\"]", other.id));
    let said = b.send(&a.id, &["--kind", "1", "--reply"], b"");
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("does not allow"), "{}", said.err);
    assert!(!std::path::Path::new("ran").exists());
}

#[test]
fn a_script_is_stopped_with_all_that_it_has_started() {
    let folder = Folder::new();
    let started = folder.path("pid");
    let scripts = r#"
        [[script]]
        kind = 1
        run = "sleep 1000 & echo $! > FILE; sleep 1000"
        allow = ["network"]
        timeout = "300ms"
        [[script]]
        kind = 2
        run = "yes"
        allow = ["network"]
        output = "1KiB"
        [[script]]
        kind = 3
        run = "exit 7"
        allow = ["network"]
        "#;
    let (a, b) = pair(&scripts.replace("FILE", started.to_str().expect("text")));
    let fails = |kind: &str| b.send(&a.id, &["--kind", kind, "--reply"], b"").err;
    assert!(fails("1").contains("took longer than 0.3s"));
    wait_until("the script's child has ended", || has_ended(&started));
    assert!(fails("2").contains("printed more than 1024 bytes"));
    assert!(fails("3").contains("exit status: 7"));
}

#[test]
fn scripts_find_nothing_of_the_daemons_environment() {
    let (a, b) = pair("[[script]]\nkind = 1\nrun = \"env\"\nallow = [\"network\"]");
    let said = b.send(&a.id, &["--kind", "1", "--reply"], b"").ok();
    let names = said.out.lines().filter_map(|line| line.split('=').next());
    let known = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "PWD", "SHLVL", "_", "OLDPWD"];
    for name in names {
        assert!(known.contains(&name) || name.starts_with("UNDERPASS_"), "{name}");
    }
}

#[test]
fn a_script_that_prints_too_much_is_stopped_at_once() {
    let (a, b) = pair(
        r#"
        [[script]]
        kind = 1
        run = "head -c 5000 /dev/zero; sleep 1000"
        allow = ["network"]
        timeout = "1h"
        output = "1KiB"
        "#,
    );
    let said = b.send(&a.id, &["--kind", "1", "--reply"], b"");
    assert!(said.err.contains("printed more than 1024 bytes"), "{}", said.err);
}

#[test]
fn scripts_end_with_their_daemon() {
    let folder = Folder::new();
    let started = folder.path("pid");
    let script = r#"
        [[script]]
        kind = 1
        run = "sleep 1000 & echo $! > FILE.new; mv FILE.new FILE; wait"
        allow = ["network"]
        timeout = "1h"
        "#;
    let (mut a, b) = pair(&script.replace("FILE", started.to_str().expect("text")));
    b.send(&a.id, &["--kind", "1"], b"").ok();
    wait_until("the script runs", || started.exists());
    a.signal("TERM");
    assert_eq!(a.ended(), Some(0));
    wait_until("the script has ended", || has_ended(&started));
}

#[test]
fn who_is_not_allowed_does_not_fill_the_log() {
    let other = Daemon::new();
    let (a, b) = pair(&format!("[[script]]\nkind = 1\nrun = \"true\"\nallow = [\"{}\"]", other.id));
    for _ in 0..40 {
        b.send(&a.id, &["--kind", "1", "--reply"], b"");
    }
    let lines = a.log().lines().filter(|line| line.contains("not allowed")).count();
    assert!((1..=20).contains(&lines), "{lines}");
}

//! Messages that run scripts.

use std::fs;

use crate::daemon::{Daemon, Folder};

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
    let pid = fs::read_to_string(started).expect("it had begun");
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z ")), "it runs on");
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

//! What is said about mistakes in configurations.

use std::fs;
use std::path::Path;

use crate::daemon::{Folder, Said, underpass};

/// What `check-config` says about a text.
fn check(text: &str, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let folder = Folder::new();
    let file = folder.path("underpass.toml");
    fs::write(&file, text).expect("written");
    let path = file.to_str().expect("text");
    let mut command = underpass(&[&["check-config", "--config", path], arguments].concat());
    command.envs(variables.iter().copied());
    let said = Said::of(command.output().expect("it starts"));
    assert_eq!(said.code, Some(2), "{}", said.out);
    said.err.replace(path, "underpass.toml").replace(path.trim_end_matches("/underpass.toml"), ".")
}

/// Every mistake that a file can have, each by itself.
const MISTAKES: [(&str, &str); 22] = [
    ("syntax", "network.name = \"home"),
    ("no name", "listen = [\"127.0.0.1:1\"]"),
    ("unknown key", "network.nmae = \"home\""),
    ("unknown table", "[netwrok]\nname = \"home\""),
    ("unknown value", "network.name = \"home\"\nlog.level = \"inof\""),
    ("number for a text", "network.name = 7"),
    ("text for an array", "listen = \"127.0.0.1:1\"\nnetwork.name = \"home\""),
    ("bad address", "listen = [\"localhost:1\"]\nnetwork.name = \"home\""),
    ("address twice", "listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\nnetwork.name = \"home\""),
    ("nowhere", "listen = []\nnetwork.name = \"home\""),
    ("bad peer", "peers = [\"underpass://abc@example.org:1\"]\nnetwork.name = \"home\""),
    ("peer twice", "peers = [\"192.0.2.1:1\", \"192.0.2.1:1\"]\nnetwork.name = \"home\""),
    ("foreign relay without a key", "foreign_relays = [\"192.0.2.1:1\"]\nnetwork.name = \"home\""),
    ("bad time", "ping_interval = \"10 seconds\"\nnetwork.name = \"home\""),
    ("time out of range", "ping_interval = \"1s\"\nnetwork.name = \"home\""),
    ("bad rate", "relay = { circuit = \"fast\" }\nnetwork.name = \"home\""),
    ("open with a secret", "[network]\nname = \"home\"\nopen = true\nsecret_file = \"x\""),
    ("relays for nobody", "relay = true\naccess.relays = \"nobody\"\nnetwork.name = \"home\""),
    (
        "API that is off",
        "network.name = \"home\"\n[api]\nenabled = false\nlisten = \"127.0.0.1:1\"",
    ),
    ("limit out of range", "limits = { peers = 0, window_bits = 100 }\nnetwork.name = \"home\""),
    ("script for nobody", "network.name = \"home\"\n[[script]]\nkind = 1\nrun = \"x\"\nallow = []"),
    (
        "script without a command",
        "network.name = \"home\"\n[[script]]\nkind = 70000\nallow = [\"network\"]",
    ),
];

#[test]
fn every_mistake_has_its_place_and_what_would_be_right() {
    let all = MISTAKES.map(|(name, text)| format!("--- {name}\n{}", check(text, &[], &[])));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn several_mistakes_are_said_at_once() {
    let text = "listen = [\"x\"]\nping_interval = \"y\"\n[network]\nname = \"home\"\n[[script]]\n\
                kind = 65535\nrun = \"z\"\nallow = [\"network\", \"w\"]\ntimeout = \"2h\"";
    insta::assert_snapshot!(check(text, &[], &[]));
}

#[test]
fn mistakes_of_the_environment_and_of_flags_are_theirs() {
    const HOME: &str = "network.name = \"home\"";
    let all = [
        check(HOME, &[("UNDERPASS_PING_INTERVAL", "never")], &[]),
        check(HOME, &[("UNDERPASS_LISTN", "127.0.0.1:1")], &[]),
        check(HOME, &[("UNDERPASS_NETWORK_OPEN", "yes")], &[]),
        check(HOME, &[], &["--set", "log.level=loud"]),
        check(HOME, &[], &["--set", "log.levle=info"]),
        check(
            "network.name = \"home\"\nnetwork.secret_file = \"x\"",
            &[("UNDERPASS_NETWORK_OPEN", "true")],
            &[],
        ),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn files_that_are_not_there_are_named() {
    insta::assert_snapshot!(check("network.name = \"home\"", &[], &[]));
    let said = underpass(&["up", "--config", "/nowhere/underpass.toml"]).output();
    insta::assert_snapshot!("no_file", Said::of(said.expect("it starts")).err);
}

#[test]
fn help_and_completions_are_there() {
    let help = Said::of(underpass(&["--help"]).output().expect("it starts")).ok();
    assert!(help.out.contains("Exit codes:"));
    for shell in ["bash", "zsh", "fish"] {
        let said = Said::of(underpass(&["completions", shell]).output().expect("it starts")).ok();
        assert!(said.out.contains("check-config"), "{shell}");
    }
}

#[test]
fn programs_are_told_in_json_what_is_wrong() {
    let folder = Folder::new();
    let file = folder.path("underpass.toml");
    fs::write(&file, "network.nmae = \"home\"").expect("written");
    let path = file.to_str().expect("text");
    for command in
        [&["check-config"][..], &["up"], &["id"], &["status"], &["init", "--secret", "/x"]]
    {
        let arguments = [command, &["--json", "--config", path]].concat();
        let said = Said::of(underpass(&arguments).output().expect("it starts"));
        assert_eq!((said.code, &*said.out), (Some(2), ""), "{command:?}");
        let json: serde_json::Value = serde_json::from_str(&said.err).expect(&said.err);
        assert!(json["error"].is_string(), "{json}");
    }
    assert!(!Path::new("identity.key").exists());
}

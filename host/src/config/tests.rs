//! Values, layers, and that the template is what it says.

use super::*;

fn parsed(text: &str, outside: &[Outside]) -> Configuration {
    parse("test.toml", text, Path::new("/etc/underpass"), outside)
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

const LEAST: &str = "network.name = \"home\"";

#[test]
fn the_least_configuration_is_complete() {
    let least = parsed(LEAST, &[]);
    assert_eq!(least.key_file, Path::new("/etc/underpass/identity.key"));
    assert_eq!(least.listen.len(), 2);
    assert_eq!(least.access, Access::DEFAULT);
    assert_eq!(least.capacity.circuits, 0);
    assert!(least.api.is_some());
}

#[test]
fn later_layers_count_for_more() {
    let text = format!("ping_interval = \"20s\"\nlisten = [\"0.0.0.0:1\"]\n{LEAST}");
    let variables = [("UNDERPASS_PING_INTERVAL", "30s"), ("UNDERPASS_LISTEN", "0.0.0.0:2, [::]:3")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut outside = of_environment(variables.into_iter());
    assert_eq!(parsed(&text, &outside).ping_interval, Duration::from_secs(30));
    assert_eq!(parsed(&text, &outside).listen.len(), 2);
    outside.push(of_flag("--set", "ping_interval", "40s"));
    assert_eq!(parsed(&text, &outside).ping_interval, Duration::from_secs(40));
}

#[test]
fn other_programs_variables_are_none_of_ours() {
    let variables = [("PATH", "x"), (CONFIG_VARIABLE, "y")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(of_environment(variables.into_iter()), []);
}

#[test]
fn the_template_is_a_configuration_as_it_is_and_with_its_comments_taken_for_it() {
    let text = template("home");
    parsed(&text, &[]);
    let id = underpass_core::SecretIdentity::generate({
        let mut number = 0;
        move || {
            number += 1;
            [number; 32]
        }
    });
    let id = id.expect("a usable key").0.id().to_string();
    let own = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.contains(" = ") || rest.starts_with('[') => {
            rest.split("   #").next().unwrap_or_default().replace("ID", &id)
        }
        _ => String::from(line),
    };
    // The keys of which the template has two examples, or that contradict another.
    let skip = ["relay = true", "peers = []", "open = true", "previous_secret_file"];
    let lines = text.lines().map(own).filter(|line| !skip.iter().any(|no| line.starts_with(no)));
    let text = lines.collect::<Vec<_>>().join("\n").replace(&format!(", \"{id}\""), "");
    let all = parsed(&text, &[]);
    assert_eq!((all.peers.len(), all.scripts.len(), all.foreign_relays.len()), (2, 1, 1));
}

#[test]
fn a_relay_has_circuits_and_relays_for_the_network() {
    let relay = parsed(&format!("relay = true\n{LEAST}"), &[]);
    assert_eq!(relay.access.relays, underpass_core::Whom::Network);
    assert_eq!(relay.capacity.circuits, 1024);
    let own = parsed(&format!("relay = {{ circuit = \"2mbit\" }}\n{LEAST}"), &[]);
    assert_eq!(own.relay.circuit_bytes, 250_000);
}

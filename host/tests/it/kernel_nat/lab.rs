//! Two homes behind NATs of the kernel's, a relay between them, all in network namespaces.
//!
//! ```text
//!   home a ---- NAT a ---- internet ---- NAT b ---- home b
//!  192.168.1.2    203.0.113.1  |  203.0.113.2   192.168.2.2
//!                            relay
//!                         203.0.113.9
//! ```

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::daemon::Daemon;

/// What a home's NAT does.
#[derive(Clone, Copy)]
pub(super) enum Nat {
    /// Endpoint-independent mapping, and the port is kept; what nobody asked for is dropped.
    Masquerade,
    /// Another port towards every address.
    FullyRandom,
    /// No UDP passes at all.
    Blocked,
}

/// Namespaces, gone with the test.
pub(super) struct Lab {
    prefix: String,
}

const NAMES: [&str; 6] = ["a", "b", "nat-a", "nat-b", "net", "relay"];

impl Lab {
    pub(super) fn new(a: Nat, b: Nat) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let lab = Self { prefix: format!("up{}-{number}-", std::process::id()) };
        for name in NAMES {
            run(&["ip", "netns", "add", &lab.name(name)]);
            lab.ip(name, "link set lo up");
        }
        lab.ip("net", "link add name hub type bridge");
        lab.ip("net", "link set hub up");
        // Otherwise the bridge's own frames go through rules for packets.
        let call = ["sysctl", "-qew", "net.bridge.bridge-nf-call-iptables=0"];
        lab.exec("net", &call);
        lab.plug("relay", "wan", "203.0.113.9/24");
        for (number, (home, nat)) in [("a", a), ("b", b)].into_iter().enumerate() {
            lab.home(number + 1, home, nat);
        }
        lab
    }

    fn home(&self, number: usize, home: &str, kind: Nat) {
        let nat = format!("nat-{home}");
        self.plug(&nat, "wan", &format!("203.0.113.{number}/24"));
        let outer = self.name(&nat);
        self.ip(home, &format!("link add lan type veth peer name lan netns {outer}"));
        self.ip(home, &format!("addr add 192.168.{number}.2/24 dev lan"));
        self.ip(&nat, &format!("addr add 192.168.{number}.1/24 dev lan"));
        self.ip(home, "link set lan up");
        self.ip(&nat, "link set lan up");
        self.ip(home, &format!("route add default via 192.168.{number}.1"));
        self.exec(&nat, &["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
        let (option, forward) = match kind {
            Nat::Masquerade => ("", "accept"),
            Nat::FullyRandom => ("fully-random", "accept"),
            Nat::Blocked => ("", "meta l4proto udp drop"),
        };
        let rules = format!(
            "table ip home {{
                chain out_nat {{ type nat hook postrouting priority 100; oifname wan masquerade {option}; }}
                chain to_self {{ type filter hook input priority 0; iifname wan meta l4proto udp drop; }}
                chain through {{ type filter hook forward priority 0; {forward}; }}
            }}"
        );
        self.exec(&nat, &["nft", &rules]);
    }

    /// Gives a namespace an interface on the internet.
    fn plug(&self, name: &str, interface: &str, address: &str) {
        let net = self.name("net");
        self.ip(name, &format!("link add {interface} type veth peer name {name} netns {net}"));
        self.ip("net", &format!("link set {name} master hub up"));
        self.ip(name, &format!("addr add {address} dev {interface}"));
        self.ip(name, &format!("link set {interface} up"));
    }

    pub(super) fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn ip(&self, name: &str, words: &str) {
        let namespace = self.name(name);
        let words = words.split_whitespace();
        run(&["ip", "-n", &namespace].into_iter().chain(words).collect::<Vec<_>>());
    }

    pub(super) fn exec(&self, name: &str, command: &[&str]) {
        let namespace = self.name(name);
        run(&[&["ip", "netns", "exec", &namespace], command].concat());
    }

    /// A relay, and daemons in both homes that know it and nobody else.
    pub(super) fn daemons(&self) -> [Daemon; 3] {
        let relay = Daemon::new();
        relay.configure_top("relay = true");
        let at = format!("underpass://{}@203.0.113.9:4747", relay.id);
        let a = Daemon::near(&relay, &[&at]);
        let b = Daemon::near(&relay, &[&at]);
        let [relay, a, b] = [(relay, "relay"), (a, "a"), (b, "b")]
            .map(|(daemon, name)| daemon.within(&self.name(name)).up());
        [relay, a, b]
    }
}

impl Lab {
    /// The same with a second relay, at another address, which is the last of the four.
    pub(super) fn daemons_of_two_relays(&self) -> [Daemon; 4] {
        self.ip("relay", "addr add 203.0.113.10/24 dev wan");
        let first = Daemon::new();
        let second = Daemon::near(&first, &[]);
        let at =
            |relay: &Daemon, host: u8| format!("underpass://{}@203.0.113.{host}:4747", relay.id);
        let both = [at(&first, 9), at(&second, 10)];
        let both = [&*both[0], &*both[1]];
        let [a, b] = [(); 2].map(|()| Daemon::near(&first, &both));
        let relays = [(first, "203.0.113.9:4747"), (second, "203.0.113.10:4747")];
        let [first, second] = relays.map(|(relay, listen)| {
            relay.configure_top("relay = true");
            relay.within(&self.name("relay")).at(listen).up()
        });
        let [a, b] = [(a, "a"), (b, "b")].map(|(home, name)| home.within(&self.name(name)).up());
        [first, a, b, second]
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in NAMES {
            // What was not made need not go.
            let _ = Command::new("ip").args(["netns", "del", &self.name(name)]).output();
        }
    }
}

fn run(words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).output().expect("it is installed");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {complaint}");
}

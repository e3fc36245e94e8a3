//! `cargo xtask kernel-nat`: the daemon behind the kernel's own NAT.

use std::process::{Command, Stdio};

use crate::Result;
use crate::cargo::cargo;

/// What must work for the tests to run, and what it takes.
const NEEDS: [(&[&str], &str); 3] = [
    (&["ip", "netns", "add", PROBE], "network namespaces (iproute2, root)"),
    (&["ip", "netns", "exec", PROBE, "nft", "add table ip probe"], "the kernel's NAT (nftables)"),
    (&["ip", "netns", "exec", PROBE, "conntrack", "-L"], "its list of connections (conntrack)"),
];

const PROBE: &str = "underpass-probe";

/// Runs the tests where they can run, and says so where they cannot.
pub(crate) fn run() -> Result {
    let missing = NEEDS.iter().find(|(command, _)| !works(command));
    works(&["ip", "netns", "del", PROBE]);
    if let Some((_, what)) = missing {
        println!("kernel-nat: not run, as this machine has no {what}");
        return Ok(());
    }
    let mut command = cargo();
    command.args(["test", "--package", "underpass-host", "--test", "it", "kernel_nat::"]);
    // Each has a network of its own, and measures time.
    command.args(["--", "--ignored", "--test-threads", "2"]);
    let status = command.status().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the tests failed ({status})")) }
}

fn works(command: &[&str]) -> bool {
    let quiet = || Stdio::null();
    let status = Command::new(command[0])
        .args(&command[1..])
        .stdin(quiet())
        .stdout(quiet())
        .stderr(quiet())
        .status();
    status.is_ok_and(|status| status.success())
}

//! Asking cargo about the repository's two workspaces.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;

use crate::Result;

/// The manifests of the workspaces, from the repository's root: hosts and simulator, then firmware.
pub(crate) const WORKSPACES: [&str; 2] = ["Cargo.toml", "embedded/Cargo.toml"];

/// The repository's root directory.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is a directory of the repository").to_owned()
}

/// The cargo that runs us, or the one on PATH.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// What a command prints, or why it failed; its own complaints go to the terminal.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed ({})", output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|error| format!("{command:?} printed no text: {error}"))
}

/// Reads the part of `cargo metadata` that `T` names, for the workspace of `manifest` with
/// everything that any target, feature or test of it can need.
pub(crate) fn metadata<T: DeserializeOwned>(manifest: &str) -> Result<T> {
    // Locked, so that what is looked at is what is committed.
    let args = [
        "metadata",
        "--format-version=1",
        "--all-features",
        "--locked",
        "--manifest-path",
        manifest,
    ];
    let json = output_of(cargo().args(args))?;
    serde_json::from_str(&json)
        .map_err(|error| format!("cannot read what `cargo metadata` says: {error}"))
}

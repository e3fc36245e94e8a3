//! The configuration: a TOML file, the environment over it, then flags. What is wrong is said with its
//! place and what would be right.

mod complaint;
mod diagnostic;
mod file;
mod layers;
mod resolve;
mod sources;
mod template;
#[cfg(test)]
mod tests;
mod units;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use underpass_core::{Access, Capacity, Duration, PeerId, RelayLimits};

use crate::peer_address::PeerAddress;
use diagnostic::{Diagnostic, Mistakes};
use file::{File, Layer};
use sources::Sources;

pub(crate) use file::{Format, Level};
pub(crate) use layers::{CONFIG_VARIABLE, Outside, of_environment, of_flag};
pub(crate) use template::template;

/// No configuration is longer.
const FILE_LEN_MAX: u64 = 1024 * 1024;

/// Everything that an owner decides.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) key_file: PathBuf,
    pub(crate) state_file: PathBuf,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) peers: Vec<PeerAddress>,
    pub(crate) foreign_relays: Vec<PeerAddress>,
    pub(crate) allow: Vec<PeerId>,
    pub(crate) access: Access,
    pub(crate) relay: RelayLimits,
    pub(crate) capacity: Capacity,
    pub(crate) ping_interval: Duration,
    pub(crate) message_lifetime: Duration,
    /// `None` if it takes no part in gossip.
    pub(crate) gossip: Option<GossipConfig>,
    pub(crate) network: NetworkConfig,
    /// `None` if there is to be none.
    pub(crate) api: Option<ApiConfig>,
    pub(crate) log: LogConfig,
    pub(crate) scripts: Vec<ScriptConfig>,
}

/// What part it takes in gossip.
#[derive(Clone, Debug)]
pub(crate) struct GossipConfig {
    /// Whether everybody may find it; else it only finds others.
    pub(crate) is_discoverable: bool,
    /// Whether newcomers are sent to it.
    pub(crate) is_bootstrap: bool,
    /// What it is found by.
    pub(crate) tags: Vec<String>,
}

/// Which network it is a member of.
#[derive(Clone, Debug)]
pub(crate) struct NetworkConfig {
    pub(crate) name: String,
    /// `None` for an open network.
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) previous_secret_file: Option<PathBuf>,
}

/// The HTTP API.
#[derive(Clone, Debug)]
pub(crate) struct ApiConfig {
    pub(crate) listen: SocketAddr,
    pub(crate) token_file: PathBuf,
    /// By which names it may be called, beside its address.
    pub(crate) hosts: Vec<String>,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogConfig {
    pub(crate) level: Level,
    pub(crate) format: Format,
}

/// What runs when a message comes.
#[derive(Clone, Debug)]
pub(crate) struct ScriptConfig {
    pub(crate) kind: u16,
    /// Only for this body; for any if not given.
    pub(crate) body: Option<String>,
    /// For the platform's shell.
    pub(crate) run: String,
    pub(crate) allow: Allowed,
    pub(crate) timeout: Duration,
    /// Bytes of its output.
    pub(crate) output_max: usize,
    pub(crate) at_once: usize,
}

/// Whose messages run a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Allowed {
    /// Every member's whose messages are handed up.
    Network,
    Peers(Vec<PeerId>),
}

/// Why there is no configuration.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    Read(PathBuf, std::io::Error),
    /// Anybody may write it, and with it commands that this host runs.
    Writable(PathBuf),
    Mistakes(Box<Mistakes>),
}

/// Reads a file, with what the environment and flags say over it.
///
/// # Errors
/// [`ConfigError`] says everything that is wrong, as far as it can be told apart.
pub(crate) fn load(path: &Path, outside: &[Outside]) -> Result<Configuration, ConfigError> {
    let read = || {
        use std::io::Read;
        use std::os::unix::fs::PermissionsExt;
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        file.take(FILE_LEN_MAX).read_to_string(&mut text)?;
        Ok((text, mode & 0o002 != 0))
    };
    let (text, is_writable) = read().map_err(|error| ConfigError::Read(path.to_owned(), error))?;
    if is_writable {
        return Err(ConfigError::Writable(path.to_owned()));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&path.display().to_string(), &text, folder, outside)
        .map_err(|mistakes| ConfigError::Mistakes(Box::new(mistakes)))
}

/// The same of a text. Paths in it are relative to `folder`.
fn parse(
    name: &str,
    text: &str,
    folder: &Path,
    outside: &[Outside],
) -> Result<Configuration, Mistakes> {
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    let mut file = read_layer(&mut sources, name, text, &mut diagnostics).unwrap_or_default();
    for Outside { name, line } in outside {
        let layer = match line {
            Ok(line) => read_layer(&mut sources, name, line, &mut diagnostics),
            Err(help) => {
                let start = sources.add(name, name).len() - name.len();
                let unknown =
                    Diagnostic::at(start..start + name.len(), format!("unknown name `{name}`"));
                diagnostics.push(unknown.label("there is no such key").help(help));
                None
            }
        };
        file = layer.unwrap_or_default().over(file);
    }
    if !diagnostics.is_empty() {
        return Err(Mistakes { sources, diagnostics });
    }
    resolve::resolve(file, folder).map_err(|diagnostics| Mistakes { sources, diagnostics })
}

fn read_layer(
    sources: &mut Sources,
    name: &str,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<File> {
    let text = sources.add(name, text);
    match toml::from_str::<File>(&text) {
        Ok(file) => Some(file),
        Err(error) => {
            diagnostics.push(complaint::diagnostic(&error, &text));
            None
        }
    }
}

impl ConfigError {
    /// As a person reads it.
    pub(crate) fn render(&self, is_colored: bool) -> String {
        match self {
            Self::Read(path, error) => {
                let path = path.display();
                let mut text = format!("error: {path} cannot be read: {error}\n");
                if error.kind() == std::io::ErrorKind::NotFound {
                    text += "  = help: `underpass init` makes one; `--config FILE` names another\n";
                }
                text
            }
            Self::Writable(path) => {
                let path = path.display();
                format!(
                    "error: anybody may write {path}, and so say what runs here\n  \
                     = help: if it is as it was, `chmod o-w {path}`\n"
                )
            }
            Self::Mistakes(mistakes) => mistakes.render(is_colored),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Whether any text is a configuration, for fuzzing.
///
/// # Errors
/// What is wrong with it, for people.
#[cfg(fuzzing)]
pub fn check_text(text: &str) -> Result<(), String> {
    check(Path::new("fuzzed.toml"), text)
}

/// Whether a text is a configuration.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn check(path: &Path, text: &str) -> Result<(), String> {
    let parsed = parse(&path.display().to_string(), text, Path::new(""), &[]);
    parsed.map(drop).map_err(|mistakes| mistakes.to_string())
}

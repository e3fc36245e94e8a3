//! What the program understands on its command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::config::{CONFIG_VARIABLE, Outside, of_flag};

/// Peers behind NATs that talk end to end encrypted: this host's part in it.
#[derive(Parser)]
#[command(name = "underpass", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,

    #[command(subcommand)]
    pub(super) command: Command,
}

const EXIT_CODES: &str = "\
A PEER is underpass://ID@host:port, an id or the beginning of one, or host:port.

Exit codes:
  0  it is done
  1  it did not work: the message was not delivered, no reply came, there is no such peer
  2  a mistake in the arguments, the configuration or a secret's file
  3  the daemon does not answer
  4  the daemon was not started: its key, its state or an address is in use";

/// For every command.
#[derive(Args)]
pub(super) struct Common {
    /// The configuration [default: underpass.toml; or what UNDERPASS_CONFIG names]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Set a key of the configuration, as `api.listen=127.0.0.1:4780`; several between commas where
    /// it takes several
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an identity, a secret for the network, a token for the API and a configuration
    Init(InitArguments),
    /// Start the daemon
    Up(UpArguments),
    /// Print this node's id
    Id,
    /// Look for mistakes in the configuration without starting anything
    CheckConfig,
    /// Print what completes commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    #[command(flatten)]
    Ask(Question),
}

/// What is asked of a running daemon.
#[derive(Subcommand)]
pub(super) enum Question {
    /// Show the node and its peers
    Status {
        /// Print a link to the status page that opens it: whoever has it can do everything
        #[arg(long)]
        link: bool,
    },
    /// List the peers
    Peers,
    /// List the nodes that are known by hearsay: those that are discoverable
    Known,
    /// Look for nodes by a tag
    Find {
        /// What they are found by
        tag: String,
    },
    /// Have a peer answer, and show how long that takes
    Ping {
        /// Whom
        peer: String,
        /// How often
        #[arg(long, short = 'n', default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        count: u32,
        /// How long to wait for each answer, in milliseconds
        #[arg(long, default_value_t = 5_000)]
        timeout_ms: u64,
    },
    /// Send a message, and wait until the peer has it
    Send(SendArguments),
    /// Tell everybody who takes part in gossip: `watch` shows it there
    Broadcast {
        /// What, up to 512 bytes; the standard input if not given
        text: Option<String>,
        /// Which handler it is for
        #[arg(long, short, default_value_t = 0)]
        kind: u16,
    },
    /// Show what happens, as it happens
    Watch {
        /// Stop after so many events
        #[arg(long, value_name = "N")]
        count: Option<u64>,
    },
    /// Say why a peer is reached through a relay, or not at all, with the evidence
    Why {
        /// Whom
        peer: String,
    },
    /// Measure how much goes to a peer, message by message
    Bench {
        /// To whom
        peer: String,
        /// Bytes of each message
        #[arg(long, default_value_t = 1024)]
        size: usize,
        /// For how long
        #[arg(long, default_value_t = 5)]
        secs: u64,
        /// Messages under way at once
        #[arg(long, default_value_t = 64)]
        at_once: usize,
    },
}

#[derive(Args)]
pub(super) struct SendArguments {
    /// To whom
    pub(super) peer: String,

    /// What; the standard input if not given
    pub(super) text: Option<String>,

    /// Which of the peer's handlers it is for
    #[arg(long, short, default_value_t = 0)]
    pub(super) kind: u16,

    /// Wait for the reply, and print it
    #[arg(long, short)]
    pub(super) reply: bool,

    /// How long to wait, in milliseconds
    #[arg(long, default_value_t = 30_000)]
    pub(super) timeout_ms: u64,
}

#[derive(Args)]
pub(super) struct InitArguments {
    /// Where the files go; made if it is not there
    #[arg(default_value = ".")]
    pub(super) folder: PathBuf,

    /// The network's name
    #[arg(long, default_value = "home")]
    pub(super) network: String,

    /// The network's secret, from a member; a new one is made if not given
    #[arg(long, value_name = "FILE")]
    pub(super) secret: Option<PathBuf>,

    /// Tell others nothing of this node, and relay for nobody
    #[arg(long)]
    pub(super) silent: bool,

    /// Whom to call
    #[arg(long, value_name = "PEER")]
    pub(super) peer: Vec<String>,

    /// Where to listen [default: 0.0.0.0:4747 and [::]:4747]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Vec<String>,

    /// Where the API listens [default: 127.0.0.1:4780]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) api: Option<String>,
}

#[derive(Args)]
pub(super) struct UpArguments {
    /// Write every call of the node into this file, for `underpass-sim replay`: it holds the node's
    /// secrets
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

impl Common {
    pub(super) fn config_file(&self) -> PathBuf {
        let named = || std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from);
        self.config.clone().or_else(named).unwrap_or_else(|| "underpass.toml".into())
    }

    /// What flags set.
    pub(super) fn overrides(&self) -> Vec<Outside> {
        let set = self.set.iter().map(|set| {
            let (key, value) = set.split_once('=').unwrap_or((set, ""));
            of_flag(&format!("--set {set}"), key.trim(), value.trim())
        });
        set.collect()
    }
}

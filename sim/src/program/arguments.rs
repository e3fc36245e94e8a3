//! What the program understands on its command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use underpass_sim::units::Period;

use super::filter::{Partition, TagFilter};
use super::outputs::Record;
use super::seeds::Seeds;

/// Runs scenario files: networks in virtual time, where every seed is a run of its own and the
/// same run on every computer.
#[derive(Parser)]
#[command(name = "underpass-sim", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  everything passed, but for expectations of scenarios in quarantine
  1  an expectation or a checker failed; two runs that were compared differ
  2  a mistake in a file or in the arguments; nothing was run
  3  a run panicked, two runs of one seed differed, or a file could not be written
  4  there was nothing to run";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run every scenario with each of its seeds
    Run(Box<RunArguments>),
    /// Look for mistakes in scenario files without running them
    Check(Paths),
    /// List scenarios: name, title, nodes, seeds, virtual time of each run, tags
    List(ListArguments),
    /// Make two runs, and show the first event that differs, with the five before it
    Diff(DiffArguments),
    /// Play what `run --record` wrote of a node, and show the first call that comes out differently
    Replay(ReplayArguments),
    /// Run scenarios made by chance; what fails comes back as a small file
    Explore(ExploreArguments),
    /// Make a scenario that fails as small as it goes
    Shrink(ShrinkArguments),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

#[derive(Args)]
pub(crate) struct Paths {
    /// Files, folders, or names as they are printed, with values of the matrix (`nat/pairs[a=lan]`),
    /// with a seed (`partition/heals@3`) or without; names are looked up below ./scenarios [default:
    /// scenarios]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) paths: Paths,

    #[command(flatten)]
    pub(crate) tags: TagFilter,
}

#[derive(Args)]
pub(crate) struct DiffArguments {
    /// The name of a run, as `partition/heals@3`
    #[arg(value_name = "RUN")]
    pub(crate) one: PathBuf,

    /// Another, or the same once more
    #[arg(value_name = "RUN")]
    pub(crate) other: PathBuf,
}

#[derive(Args)]
pub(crate) struct ReplayArguments {
    /// A recording. It holds the node's secrets
    #[arg(value_name = "RECORDING")]
    pub(crate) path: PathBuf,
}

#[derive(Args)]
pub(crate) struct ExploreArguments {
    /// For how long, as 60s or 10m [default: 60s, unless there is --cases]
    #[arg(long = "for", value_name = "TIME")]
    pub(crate) lasts: Option<Period>,

    /// How many scenarios: the same ones every time
    #[arg(long, value_name = "N")]
    pub(crate) cases: Option<u64>,

    /// The seed of the first scenario; the next ones follow it
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Begin no more runs once one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// How many runs to make at once, 256 at most [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Only one of several parts of the scenarios, as count:1/4, for one of several computers
    #[arg(long, value_name = "PART")]
    pub(crate) partition: Option<Partition>,

    /// Where files of what failed are written
    #[arg(long, value_name = "FOLDER", default_value = "explored")]
    pub(crate) out: PathBuf,

    /// For how long each failure is made smaller
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub(crate) shrink_for: Period,
}

#[derive(Args)]
pub(crate) struct ShrinkArguments {
    /// A scenario file without a matrix that fails with its first seed
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,

    /// Where the small one is written [default: FILE with .small.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// For how long it is made smaller at most
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) shrink_for: Period,
}

#[derive(Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) paths: Paths,

    #[command(flatten)]
    pub(crate) tags: TagFilter,

    /// Run this seed only, whether the file lists it or not
    #[arg(long, value_name = "SEED", conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,

    /// Run these seeds instead of those of the file: 1..=20 (the last one included), 1..21 (the
    /// last one left out) or 1,2,5
    #[arg(long, value_name = "SEEDS")]
    pub(crate) seeds: Option<Seeds>,

    /// Only one of several parts of the runs, as hash:1/4: by a hash of each run's name, which moves
    /// no run when others come or go; count:1/4 makes the parts equal
    #[arg(long, value_name = "PART")]
    pub(crate) partition: Option<Partition>,

    /// How many runs to make at once, 256 at most [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Begin no more runs once one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Print only `name@seed hash` for every run; the report goes to the error output
    #[arg(long)]
    pub(crate) hashes: bool,

    /// Make every run twice, side by side, and fail those that differ
    #[arg(long)]
    pub(crate) twice: bool,

    /// Check every signature on every node; the runs are the same, and take longer
    #[arg(long)]
    pub(crate) no_memo: bool,

    /// Write a JUnit report: a test suite for each scenario, a test case for each run
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Write what nodes report, a line of JSON each (docs/trace.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Write what crosses each node's access link, for Wireshark (pcapng); of a single run
    #[arg(long, value_name = "FILE")]
    pub(crate) pcap: Option<PathBuf>,

    /// Write a page (HTML) with a picture of each run that failed, for a browser
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Record all that a node is told, for `replay`; of a single run. The file holds the node's
    /// secrets. Lives after a restart go to FILE.1, FILE.2 and so on
    #[arg(long, value_name = "NODE=FILE")]
    pub(crate) record: Option<Record>,
}

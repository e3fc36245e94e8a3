//! What the program understands on its command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
  1  an expectation or a checker failed
  2  a mistake in a file or in the arguments; nothing was run
  3  a run panicked, or two runs of one seed differed
  4  there was nothing to run";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run every scenario with each of its seeds
    Run(RunArguments),
    /// Look for mistakes in scenario files without running them
    Check(Paths),
    /// List scenarios: name, title, nodes, seeds, virtual time of each run, tags
    List(Paths),
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
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) paths: Paths,

    /// Run this seed only, whether the file lists it or not
    #[arg(long, value_name = "SEED", conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,

    /// Run these seeds instead of those of the file: 1..=20 (the last one included), 1..21 (the
    /// last one left out) or 1,2,5
    #[arg(long, value_name = "SEEDS")]
    pub(crate) seeds: Option<Seeds>,

    /// How many runs to make at once, 256 at most [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Begin no more runs once one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Print only `name@seed hash` for every run; the report goes to the error output
    #[arg(long)]
    pub(crate) hashes: bool,

    /// Make every run twice, and fail those that differ
    #[arg(long)]
    pub(crate) twice: bool,
}

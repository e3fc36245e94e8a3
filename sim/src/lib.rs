//! A seeded network simulator: scenario files in, verdicts out.
//!
//! A scenario says what the network looks like, what goes wrong and what must hold; every seed of
//! it is one run, in virtual time, the same on every computer. `ARCHITECTURE.md` has the map.

#![forbid(unsafe_code)]

mod background;
pub mod checker;
pub mod compare;
pub mod expect;
pub mod explore;
pub mod failure;
pub mod fault;
mod judge;
pub mod link;
pub mod machine;
pub mod nat;
pub mod oracle;
pub mod payload;
pub mod random;
mod run;
pub mod scenario;
mod simulation;
pub mod trace;
pub mod units;
mod wire;
pub mod world;

pub use background::Background;
pub use judge::{Missed, judge, runs_wanted};
pub use run::{Extras, Failure, RunReport, build, diff, run, run_twice, run_with};
pub use simulation::{Runs, Simulation, run_file};

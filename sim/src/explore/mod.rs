//! Scenarios made by chance, and failures made small.
//!
//! ```text
//! seed --generate--> Draft --text--> a file --parse--> Scenario --run--> a failure of some kind
//!                      ^                                                    |
//!                      '------------- shrink: fails in the same way --------'
//! ```
//!
//! A draft is a scenario file as a tree. Every run goes through its text, so that what fails is a
//! file, and stays one when generators change.

mod attempt;
pub mod coverage;
pub mod draft;
pub mod failing;
pub mod generate;
mod pin;
pub mod shrink;
#[cfg(feature = "proptest")]
mod strategy;

#[cfg(test)]
mod tests;

pub use attempt::{Attempt, attempt, fails};
pub use coverage::Coverage;
pub use draft::Draft;
pub use failing::Failing;
pub use generate::{Size, generate};
pub use pin::pin_losses;
pub use shrink::{Shrinker, shrink};
#[cfg(feature = "proptest")]
pub use strategy::{ArbScenario, Explored, arb_scenario};

/// What scenarios that have no file are called.
const NAME: &str = "explored";

//! Runs that no scenario brings about: the function that makes them is given instead.

mod execution;
mod panics;
mod report;
mod seeds;
mod setup;

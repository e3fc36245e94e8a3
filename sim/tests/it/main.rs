//! The simulator seen from outside: one program for all such tests.

mod checkers;
mod diagnostics;
mod engine;
mod expectations;
mod hostile;
mod liveness;
mod nat;
mod program;
mod readme;

//! The simulator seen from outside: one program for all such tests.

mod applications;
mod checkers;
mod diagnostics;
mod engine;
mod expectations;
mod hostile;
mod language;
mod liveness;
mod memo;
mod nat;
mod own_time;
mod program;
mod readme;

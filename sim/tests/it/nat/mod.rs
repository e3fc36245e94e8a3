//! NATs in a world, seen by machines inside and outside.

mod behaviour;
mod checkers;
mod faults;
mod grid;
mod nesting;
mod probe;
mod punch;
mod setup;

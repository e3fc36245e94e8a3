//! NATs in a world, seen by machines inside and outside.

mod behaviour;
mod checkers;
mod faults;
mod nesting;
mod probe;
mod punch;
mod setup;

//! Acknowledged messages.

mod delivery;
mod ends;
mod limits;
mod model;
mod oneself;
mod pace;

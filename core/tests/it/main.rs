//! Behaviour of nodes through their public calls.

mod connecting;
mod health;
mod net;

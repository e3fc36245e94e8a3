//! Behaviour of nodes through their public calls.

mod adversity;
mod connecting;
mod dropping;
mod health;
mod interleaving;
mod messages;
mod net;
mod wire_vectors;

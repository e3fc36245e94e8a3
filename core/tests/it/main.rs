//! Behaviour of nodes through their public calls.

mod access;
mod adversity;
mod bootstrap;
mod connecting;
mod dropping;
mod health;
mod interleaving;
mod load;
mod net;
mod renewal;
mod secrets;
mod wire_vectors;

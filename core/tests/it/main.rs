//! Behaviour of nodes through their public calls.

mod access;
mod adversity;
mod bootstrap;
mod claimed_addresses;
mod connecting;
mod dropping;
// Reads the memory of its own process, as Linux shows it.
#[cfg(target_os = "linux")]
mod erasure;
mod gossip;
mod health;
mod interleaving;
mod load;
mod messages;
mod nat;
mod net;
mod paths;
mod punch;
mod recording;
mod relay;
mod renewal;
mod saving;
mod secrets;
mod turmoil;
mod wire_vectors;

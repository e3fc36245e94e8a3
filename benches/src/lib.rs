//! The workloads whose cost is measured, each beside the bare calls that it cannot do without.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring is what wall clocks are for"
)]

pub mod crowd;
pub mod data_path;
pub mod engine;
pub mod goodput;
pub mod gossip;
pub mod handshake;
pub mod measure;
pub mod member;
pub mod nat;
pub mod population;
pub mod relaying;
pub mod spread;
pub mod worlds;

//! The program as people run it: real processes, on loopback.

mod api;
mod config;
mod daemon;
mod discovery;
mod hostile;
#[cfg(target_os = "linux")]
mod kernel_nat;
mod library;
mod lives;
mod messages;
mod scripts;

//! The program as people run it: real processes, on loopback.

mod api;
mod config;
mod daemon;
mod discovery;
mod hostile;
mod inside;
mod insiders;
#[cfg(target_os = "linux")]
mod kernel_nat;
mod library;
mod lives;
mod member;
mod messages;
mod scripts;

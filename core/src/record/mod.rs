//! A recording of everything a node was told, and its player: the same calls give the same outputs,
//! so what happened on a board or a host can be looked at elsewhere, as often as needed.
//!
//! A [`Recorder`] stands where the node would and hands every call on; a [`Player`] makes a node of
//! its own and repeats them. After each call stand four bytes of a digest over all outputs so far, so
//! that the first call that came out differently is found.
//!
//! **A recording is as secret as the node was**: it begins with the seed and the network's secret.
//!
//! Bytes: version 1, a postcard record of how the node was made, then for each call a postcard
//! record and the four bytes.

mod call;
mod digest;
mod player;
mod recorder;

pub use player::{PlayError, Played, Player};
pub use recorder::{Log, Recorder};

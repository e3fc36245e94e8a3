//! Answers to those of whom nothing is remembered: one waits at a time, and a newer one takes its
//! place. Whoever does not get theirs asks again.

use crate::cx::Cx;
use crate::held::Held;
use crate::way::Way;
use crate::wire::Cookie;

/// An answer, ready to be sent.
pub(crate) struct Stateless {
    way: Way,
    len: usize,
    bytes: [u8; Cookie::LEN],
}

/// Leaves an answer to be sent.
pub(crate) fn owe(way: Way, answer: &[u8], cx: &mut Cx<'_>) {
    let mut bytes = [0; Cookie::LEN];
    bytes[..answer.len()].copy_from_slice(answer);
    cx.state.stateless = Held::This(Stateless { way, len: answer.len(), bytes });
}

/// Writes the answer that waits into `out`. Returns its way and its length.
pub(crate) fn take_owed(out: &mut [u8], cx: &mut Cx<'_>) -> Option<(Way, usize)> {
    let Stateless { way, len, bytes } = cx.state.stateless.take()?;
    out[..len].copy_from_slice(&bytes[..len]);
    Some((way, len))
}

//! Public-key work, handed out instead of done: a node never blocks on it.

use serde::{Deserialize, Serialize};

use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroize;

use crate::gossip::{Digest, Signature};
use crate::identity::{self, Keys, PeerId};
use crate::noise::{Key, Operation, Secret};

/// One public-key operation. Run it wherever you like (at low priority, on another core, in a
/// secure element), then hand what comes out to [`Node::complete_job`](crate::Node::complete_job).
pub struct Job {
    pub(crate) ticket: Ticket,
    pub(crate) work: Work,
}

/// The result of a [`Job`].
pub struct Done {
    pub(crate) ticket: Ticket,
    pub(crate) outcome: Outcome,
}

/// What a job was for has ended meanwhile; nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Stale;

/// What a job costs, for those who model it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum JobKind {
    /// One fixed-base scalar multiplication.
    PublicKey,
    /// One scalar multiplication.
    Agreement,
    /// Inversions and a square root: about a tenth of a scalar multiplication.
    Identification,
    /// One Ed25519 signature: a fixed-base scalar multiplication.
    Signature,
    /// The check of one: a double scalar multiplication, with what [`Identification`](Self::Identification)
    /// takes.
    Verification,
}

/// What waits for a job, and for which of its jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) waiting: Waiting,
    pub(crate) number: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Waiting {
    /// By slot.
    Handshake(u16),
    /// The proof of our network that a relay wants.
    Proof,
    /// The check of a peer's.
    Check,
    /// The signature under this node's own record.
    OwnRecord,
    /// The check of another's record, by slot.
    Record(u16),
    /// The signature under a broadcast, or the check of one, by slot.
    Rumour(u16),
}

#[derive(Clone, Copy, Serialize)]
pub(crate) enum Work {
    Handshake(Operation),
    /// Whose agreement key this is.
    Identify(Key),
    Sign(Digest),
    Verify {
        signer: [u8; 32],
        digest: Digest,
        signature: Signature,
    },
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Key(Key),
    Identity(Option<PeerId>),
    Signature(Signature),
    Verdict(bool),
}

impl Job {
    /// What it will cost.
    pub fn kind(&self) -> JobKind {
        match self.work {
            Work::Handshake(Operation::PublicKey(_)) => JobKind::PublicKey,
            Work::Handshake(Operation::Agree(..)) => JobKind::Agreement,
            Work::Identify(_) => JobKind::Identification,
            Work::Sign(_) => JobKind::Signature,
            Work::Verify { .. } => JobKind::Verification,
        }
    }

    /// Does the work; `keys` holds the long-term secret.
    pub fn run(self, keys: &impl Keys) -> Done {
        let outcome =
            match self.work {
                Work::Handshake(Operation::PublicKey(secret)) => {
                    Outcome::Key(PublicKey::from(&StaticSecret::from(secret)).to_bytes())
                }
                Work::Handshake(Operation::Agree(Secret::Ephemeral(secret), public)) => {
                    Outcome::Key(x25519_dalek::x25519(secret, public))
                }
                Work::Handshake(Operation::Agree(Secret::Static, public)) => {
                    Outcome::Key(keys.agree(&public))
                }
                Work::Identify(key) => Outcome::Identity(PeerId::from_agreement_key(&key)),
                Work::Sign(digest) => Outcome::Signature(keys.sign(&digest.message()).into()),
                Work::Verify { signer, digest, signature } => Outcome::Verdict(
                    identity::has_signed(&signer, &digest.message(), &signature.to_bytes()),
                ),
            };
        Done { ticket: self.ticket, outcome }
    }
}

/// For those who have done the same work before.
#[cfg(feature = "inspect")]
impl Job {
    /// All that the check of a signature follows from: the signer, a hash of what was signed, the signature.
    /// `None` if the job is something else.
    pub fn verification(&self) -> Option<[u8; 128]> {
        let Work::Verify { signer, digest, signature } = &self.work else { return None };
        let mut input = [0; 128];
        input[..32].copy_from_slice(signer);
        input[32..64].copy_from_slice(digest.bytes());
        input[64..].copy_from_slice(&signature.to_bytes());
        Some(input)
    }

    /// The result of such a check that somebody else has come to.
    pub fn with_verdict(self, is_sound: bool) -> Done {
        Done { ticket: self.ticket, outcome: Outcome::Verdict(is_sound) }
    }
}

#[cfg(feature = "inspect")]
impl Done {
    /// Whether a signature that was checked is its signer's.
    pub fn verdict(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Verdict(is_sound) => Some(is_sound),
            _ => None,
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        match &mut self.work {
            Work::Handshake(Operation::PublicKey(secret)) => secret.zeroize(),
            Work::Handshake(Operation::Agree(secret, _)) => secret.zeroize(),
            Work::Identify(_) | Work::Sign(_) | Work::Verify { .. } => {}
        }
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if let Self::Key(key) = self {
            key.zeroize();
        }
    }
}

impl core::fmt::Display for Stale {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("what this job was for has ended meanwhile; nothing was changed")
    }
}

impl core::error::Error for Stale {}

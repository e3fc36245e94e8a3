//! The Noise Protocol Framework (revision 34), one token at a time.
//!
//! Every public-key operation is handed out instead of done: [`Noise::advance`] goes on until it
//! needs one, [`Noise::supply`] takes the result. Messages are read and written in place. Nothing
//! here knows a datagram, a peer or a clock; the patterns are data (`pattern.rs`).

mod pattern;
mod symmetric;

use serde::Serialize;

#[cfg(test)]
mod tests;

pub(crate) use pattern::{IK_PSK0_PSK2, Pattern, Token, XX_PSK0_PSK3};
use symmetric::Symmetric;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::noise::pattern::PreMessage;

/// Bytes of a public key, of a secret key, and of what they agree on.
pub(crate) const KEY_LEN: usize = 32;
/// A key of any kind.
pub(crate) type Key = [u8; KEY_LEN];

/// Which side of a handshake this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Initiator,
    Responder,
}

/// Which of our secrets an agreement uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Secret {
    Ephemeral(Key),
    /// The long-term one, which is not here.
    Static,
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        if let Self::Ephemeral(secret) = self {
            secret.zeroize();
        }
    }
}

/// A public-key operation that the handshake cannot go on without.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Operation {
    /// The public key of this ephemeral secret.
    PublicKey(Key),
    /// X25519 of one of our secrets and their public key.
    Agree(Secret, Key),
}

/// How far [`Noise::advance`] came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// It waits for the result of [`Noise::operation`], to be given to [`Noise::supply`].
    NeedsOperation,
    /// The message is complete; the next call begins the next one.
    MessageDone,
}

/// Why a handshake cannot go on. Its state is then of no more use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoiseError {
    /// The message is too short for its pattern.
    Short,
    /// A part of the message was not made with the keys of this handshake.
    Unauthentic,
    /// A key of small order: the shared secret came out as zero.
    WeakKey,
    /// The other side's ephemeral key is our own.
    Reflected,
}

/// What both sides know before the first message.
pub(crate) struct Setup<'a> {
    pub(crate) pattern: &'static Pattern,
    pub(crate) role: Role,
    pub(crate) prologue: &'a [u8],
    pub(crate) psk: Key,
    /// Our long-term public key; its secret half stays outside.
    pub(crate) local_static: Key,
    /// Their long-term public key, where the pattern wants it known beforehand.
    pub(crate) remote_static: Option<Key>,
    /// Fresh for every handshake, or all is lost.
    pub(crate) ephemeral: Key,
}

/// The keys that a finished handshake leaves behind.
pub(crate) struct TransportKeys {
    pub(crate) seal: Key,
    pub(crate) open: Key,
    /// Equal at both ends, and unique to this handshake.
    pub(crate) handshake_hash: Key,
}

/// A handshake under way.
#[derive(Clone)]
pub(crate) struct Noise {
    pattern: &'static Pattern,
    role: Role,
    /// Position of the message under way in the pattern.
    message: usize,
    /// Position of the next token in that message.
    token: usize,
    /// Bytes of the message done so far.
    cursor: usize,
    symmetric: Symmetric,
    psk: Key,
    local_static: Key,
    ephemeral: Key,
    ephemeral_public: Option<Key>,
    remote_static: Option<Key>,
    remote_ephemeral: Option<Key>,
}

impl Noise {
    pub(crate) fn new(setup: Setup<'_>) -> Self {
        let mut symmetric = Symmetric::new(setup.pattern.name, setup.prologue);
        if setup.pattern.pre_message == PreMessage::ResponderStatic {
            let key = match setup.role {
                Role::Initiator => setup.remote_static.expect("the pattern wants it known"),
                Role::Responder => setup.local_static,
            };
            symmetric.mix_hash(&key);
        }
        Self {
            pattern: setup.pattern,
            role: setup.role,
            message: 0,
            token: 0,
            cursor: 0,
            symmetric,
            psk: setup.psk,
            local_static: setup.local_static,
            ephemeral: setup.ephemeral,
            ephemeral_public: None,
            remote_static: setup.remote_static,
            remote_ephemeral: None,
        }
    }

    /// Goes on with the message in `buffer` until it needs a public-key operation or is done.
    ///
    /// `buffer` is the whole message, the same at every call until it is done. A message to be
    /// written holds its payload, not yet sealed, at its final place; in one that was read, the
    /// payload stands there opened. Either way the last 16 bytes are the payload's tag, if the
    /// pattern has a key by then.
    ///
    /// # Errors
    /// See [`NoiseError`]; `self` must be thrown away.
    pub(crate) fn advance(&mut self, buffer: &mut [u8]) -> Result<Step, NoiseError> {
        let writing = self.is_writing();
        while let Some(&token) = self.pattern.messages[self.message].get(self.token) {
            if self.operation().is_some() {
                return Ok(Step::NeedsOperation);
            }
            match token {
                Token::E if writing => self.write_ephemeral(buffer)?,
                Token::E => self.read_ephemeral(buffer)?,
                Token::S if writing => self.write_static(buffer)?,
                Token::S => self.read_static(buffer)?,
                Token::Psk => self.symmetric.mix_key_and_hash(&self.psk),
                Token::Ee | Token::Es | Token::Se | Token::Ss => unreachable!("an operation"),
            }
            self.token += 1;
        }
        self.payload(buffer, writing)?;
        self.message += 1;
        (self.token, self.cursor) = (0, 0);
        Ok(Step::MessageDone)
    }

    /// The operation that the next token cannot be done without, if there is one.
    pub(crate) fn operation(&self) -> Option<Operation> {
        match *self.pattern.messages.get(self.message)?.get(self.token)? {
            Token::E if self.is_writing() && self.ephemeral_public.is_none() => {
                Some(Operation::PublicKey(self.ephemeral))
            }
            Token::E | Token::S | Token::Psk => None,
            token => Some(self.agreement(token)),
        }
    }

    /// Takes the result of the operation that [`advance`](Self::advance) last asked for.
    ///
    /// # Errors
    /// [`NoiseError::WeakKey`] if an agreement came out as zero; `self` must be thrown away.
    pub(crate) fn supply(&mut self, result: &Key) -> Result<(), NoiseError> {
        match self.pattern.messages[self.message][self.token] {
            // The token is done when the key has been written.
            Token::E => self.ephemeral_public = Some(*result),
            _ if bool::from(result.ct_eq(&[0; KEY_LEN])) => return Err(NoiseError::WeakKey),
            _ => {
                self.symmetric.mix_key(result);
                self.token += 1;
            }
        }
        Ok(())
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Key> {
        [&self.psk, &self.ephemeral].into_iter().chain(self.symmetric.secrets())
    }

    /// Whether all messages of the pattern are done.
    pub(crate) fn is_finished(&self) -> bool {
        self.message == self.pattern.messages.len()
    }

    /// Their long-term key: known beforehand, or once it was read.
    pub(crate) fn remote_static(&self) -> Option<&Key> {
        self.remote_static.as_ref()
    }

    /// The keys of the session.
    ///
    /// # Panics
    /// If the handshake is not finished.
    pub(crate) fn split(&self) -> TransportKeys {
        assert!(self.is_finished(), "split before the last message");
        let [to_responder, to_initiator] = self.symmetric.split();
        let (seal, open) = match self.role {
            Role::Initiator => (to_responder, to_initiator),
            Role::Responder => (to_initiator, to_responder),
        };
        TransportKeys { seal, open, handshake_hash: self.symmetric.handshake_hash() }
    }

    fn is_writing(&self) -> bool {
        self.message.is_multiple_of(2) == (self.role == Role::Initiator)
    }

    fn write_ephemeral(&mut self, buffer: &mut [u8]) -> Result<(), NoiseError> {
        let public = self.ephemeral_public.expect("it was asked for");
        self.take(buffer, KEY_LEN)?.copy_from_slice(&public);
        self.mix_ephemeral(&public);
        Ok(())
    }

    fn read_ephemeral(&mut self, buffer: &mut [u8]) -> Result<(), NoiseError> {
        let public = self.take(buffer, KEY_LEN)?.try_into().expect("this many bytes were taken");
        if self.ephemeral_public == Some(public) {
            return Err(NoiseError::Reflected);
        }
        self.remote_ephemeral = Some(public);
        self.mix_ephemeral(&public);
        Ok(())
    }

    /// With a pre-shared key in the pattern the ephemeral is mixed into the key as well, so that
    /// it randomises what the pre-shared key encrypts (specification, section 9.2).
    fn mix_ephemeral(&mut self, public: &Key) {
        self.symmetric.mix_hash(public);
        if self.pattern.has_psk() {
            self.symmetric.mix_key(public);
        }
    }

    fn write_static(&mut self, buffer: &mut [u8]) -> Result<(), NoiseError> {
        let start = self.cursor;
        self.take(buffer, KEY_LEN + self.symmetric.tag_len())?;
        let field = &mut buffer[start..self.cursor];
        field[..KEY_LEN].copy_from_slice(&self.local_static);
        self.symmetric.encrypt_and_hash(field);
        Ok(())
    }

    fn read_static(&mut self, buffer: &mut [u8]) -> Result<(), NoiseError> {
        let start = self.cursor;
        self.take(buffer, KEY_LEN + self.symmetric.tag_len())?;
        let field = &mut buffer[start..self.cursor];
        self.symmetric.decrypt_and_hash(field)?;
        self.remote_static = Some(field[..KEY_LEN].try_into().expect("the slice has this length"));
        Ok(())
    }

    fn payload(&mut self, buffer: &mut [u8], writing: bool) -> Result<(), NoiseError> {
        let payload = &mut buffer[self.cursor..];
        if payload.len() < self.symmetric.tag_len() {
            return Err(NoiseError::Short);
        }
        if writing {
            self.symmetric.encrypt_and_hash(payload);
            Ok(())
        } else {
            self.symmetric.decrypt_and_hash(payload)
        }
    }

    /// The agreement that a token stands for: its first letter is the initiator's key, its second
    /// the responder's.
    fn agreement(&self, token: Token) -> Operation {
        let (initiators, responders) = match token {
            Token::Ee => (Whose::Ephemeral, Whose::Ephemeral),
            Token::Es => (Whose::Ephemeral, Whose::Static),
            Token::Se => (Whose::Static, Whose::Ephemeral),
            Token::Ss => (Whose::Static, Whose::Static),
            Token::E | Token::S | Token::Psk => unreachable!("not an agreement"),
        };
        let (ours, theirs) = match self.role {
            Role::Initiator => (initiators, responders),
            Role::Responder => (responders, initiators),
        };
        let ours = match ours {
            Whose::Ephemeral => Secret::Ephemeral(self.ephemeral),
            Whose::Static => Secret::Static,
        };
        let theirs = match theirs {
            Whose::Ephemeral => self.remote_ephemeral,
            Whose::Static => self.remote_static,
        };
        Operation::Agree(ours, theirs.expect("the pattern has read it before"))
    }

    fn take<'b>(&mut self, buffer: &'b mut [u8], len: usize) -> Result<&'b mut [u8], NoiseError> {
        let field = buffer.get_mut(self.cursor..self.cursor + len).ok_or(NoiseError::Short)?;
        self.cursor += len;
        Ok(field)
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Ephemeral,
    Static,
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.psk.zeroize();
        self.ephemeral.zeroize();
    }
}

impl Drop for TransportKeys {
    fn drop(&mut self) {
        self.seal.zeroize();
        self.open.zeroize();
    }
}

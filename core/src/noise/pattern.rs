//! Handshake patterns as data (Noise specification, sections 7 and 9).

/// One step of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// The sender's ephemeral public key.
    E,
    /// The sender's static public key, sealed if there is a key by then.
    S,
    Ee,
    Es,
    Se,
    Ss,
    Psk,
}

/// What is known before the first message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PreMessage {
    #[cfg_attr(not(test), expect(dead_code, reason = "the pattern for unknown peers has it"))]
    Nothing,
    /// The initiator knows the responder's static key (`<- s`).
    ResponderStatic,
}

/// A handshake pattern: messages alternate, the initiator's first.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Pattern {
    /// The full protocol name, which is hashed first.
    pub(crate) name: &'static str,
    pub(crate) pre_message: PreMessage,
    pub(crate) messages: &'static [&'static [Token]],
}

impl Pattern {
    pub(crate) fn has_psk(&self) -> bool {
        self.messages.iter().any(|message| message.contains(&Token::Psk))
    }
}

/// For a peer whose key is known. The secret goes in at both ends of the first round trip: with
/// `psk2` alone a wrong one passes the first message.
pub(crate) static IK_PSK0_PSK2: Pattern = Pattern {
    name: "Noise_IKpsk0+psk2_25519_ChaChaPoly_BLAKE2s",
    pre_message: PreMessage::ResponderStatic,
    messages: &[
        &[Token::Psk, Token::E, Token::Es, Token::S, Token::Ss],
        &[Token::E, Token::Ee, Token::Se, Token::Psk],
    ],
};

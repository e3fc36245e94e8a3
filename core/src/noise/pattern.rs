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

/// For a peer of which only an address is known. As above, and the initiator shows who it is last.
pub(crate) static XX_PSK0_PSK3: Pattern = Pattern {
    name: "Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2s",
    pre_message: PreMessage::Nothing,
    messages: &[
        &[Token::Psk, Token::E],
        &[Token::E, Token::Ee, Token::S, Token::Es],
        &[Token::S, Token::Se, Token::Psk],
    ],
};

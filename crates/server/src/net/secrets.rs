//! The ephemeral secrets a server has minted: credentials that open sessions for a while, with a configuration.

use std::collections::VecDeque;
use std::io;

use super::credential::Key;
use crate::machine::SessionTemplate;

/// Secrets that are remembered; the oldest is forgotten for one more.
const MAX_SECRETS: usize = 4_096;
/// Bytes of the sessions they carry, as JSON; the oldest is forgotten for one more here, too.
const MAX_BYTES: usize = 64 << 20;
/// How long an expired one is remembered, in seconds: it is refused then, where any other key may be good.
const REMEMBERED: u64 = 3_600;
/// Letters and digits of a secret, about 190 bits.
const SECRET_LENGTH: usize = 32;
/// Of the id of the session in it, as of every id.
const ID_LENGTH: usize = 21;

/// The secrets of a server, in the order they were minted.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    minted: VecDeque<Minted>,
    bytes: usize,
}

#[derive(Debug)]
struct Minted {
    secret: Key,
    /// Unix seconds.
    expires_at: u64,
    template: SessionTemplate,
    /// About how much memory the template takes.
    bytes: usize,
}

/// What a key is here.
#[derive(Debug)]
pub(super) enum Found<'s> {
    Live(&'s SessionTemplate),
    Expired,
    Unknown,
}

impl Secrets {
    /// Makes a secret that opens sessions like this, of so many bytes, until a time, in Unix seconds.
    ///
    /// # Errors
    ///
    /// The machine has no randomness.
    pub(super) fn mint(
        &mut self,
        template: SessionTemplate,
        bytes: usize,
        expires_at: u64,
        now: u64,
    ) -> io::Result<Key> {
        let secret = Key::new(random("ek_", SECRET_LENGTH)?);
        self.minted.push_back(Minted { secret: secret.clone(), expires_at, template, bytes });
        self.bytes += bytes;
        let forgotten = |minted: &Minted| now >= minted.expires_at.saturating_add(REMEMBERED);
        while self.minted.front().is_some_and(forgotten)
            || (self.minted.len() > 1 && (self.minted.len() > MAX_SECRETS || self.bytes > MAX_BYTES))
        {
            self.bytes -= self.minted.pop_front().map_or(0, |minted| minted.bytes);
        }
        Ok(secret)
    }

    pub(super) fn find(&self, key: &Key, now: u64) -> Found<'_> {
        match self.minted.iter().find(|minted| minted.secret.is(key)) {
            Some(minted) if now < minted.expires_at => Found::Live(&minted.template),
            Some(_) => Found::Expired,
            None => Found::Unknown,
        }
    }
}

/// The id of the session that a secret describes.
pub(super) fn session_id() -> io::Result<String> {
    random("sess_", ID_LENGTH)
}

/// Letters and digits that nobody can guess: unlike ids, they are a credential and come from no seed.
fn random(prefix: &str, length: usize) -> io::Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = prefix.to_owned();
    while text.len() < prefix.len() + length {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        // Four times the alphabet: what is beyond would make the first letters likelier.
        let letters =
            bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(*byte) % 62]));
        text.extend(letters.take(prefix.len() + length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::TemplateKind;

    fn template() -> SessionTemplate {
        SessionTemplate::read(TemplateKind::ClientSecret, None).expect("nothing is a session by default")
    }

    #[test]
    fn a_secret_is_good_until_it_expires_and_known_for_a_while_after() {
        let mut secrets = Secrets::default();
        let secret = secrets.mint(template(), 1_000, 160, 100).expect("there is randomness");
        assert!(secret.reveal().starts_with("ek_") && secret.reveal().len() == 35);
        assert!(matches!(secrets.find(&secret, 159), Found::Live(_)));
        assert!(matches!(secrets.find(&secret, 160), Found::Expired));
        secrets.mint(template(), 1_000, 9_000, 160 + REMEMBERED).expect("there is randomness");
        assert!(matches!(secrets.find(&secret, 160 + REMEMBERED), Found::Unknown));
    }

    #[test]
    fn the_oldest_secrets_are_forgotten_beyond_a_bound() {
        let mut secrets = Secrets::default();
        let first = secrets.mint(template(), 1_000, 100, 0).expect("there is randomness");
        let second = secrets.mint(template(), 1_000, 100, 0).expect("there is randomness");
        for _ in 0..MAX_SECRETS - 1 {
            secrets.mint(template(), 1_000, 100, 0).expect("there is randomness");
        }
        assert!(matches!(secrets.find(&first, 1), Found::Unknown));
        assert!(matches!(secrets.find(&second, 1), Found::Live(_)));
    }
}

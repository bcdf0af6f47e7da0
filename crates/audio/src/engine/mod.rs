//! What turns base64 into bytes and back: the quickest there is on a machine.
//!
//! The engines see a text without its padding and say only whether they can decode it: what is base64, and what is
//! wrong with a text that is not, is said here for all of them.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(target_arch = "wasm32", test))]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use native as quickest;
#[cfg(target_arch = "wasm32")]
use web as quickest;

use crate::AudioError;
use crate::base64_text::symbols;

pub(crate) use quickest::encode;

/// Decodes `text` into `bytes`, which has room for [`decoded_len`](crate::base64_text::decoded_len); says how many were
/// written.
pub(crate) fn decode(text: &str, bytes: &mut [u8]) -> Result<usize, AudioError> {
    let (symbols, padding) = text.as_bytes().split_at(symbols(text));
    // All the padding that fills the last group of four, some of it, or none.
    let fits = padding.len() <= symbols.len().wrapping_neg() % 4;
    fits.then(|| quickest::decode(symbols, bytes)).flatten().ok_or_else(|| why_not(symbols, fits))
}

#[cold]
fn why_not(symbols: &[u8], padding_fits: bool) -> AudioError {
    let foreign = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let (position, problem) = match symbols.iter().position(foreign) {
        Some(position) => (position, "not a character of base64"),
        None if symbols.len() % 4 == 1 => (symbols.len(), "ends in the middle of a byte"),
        None if !padding_fits => (symbols.len(), "wrong padding"),
        None => (symbols.len().saturating_sub(1), "the last character has bits that stand for nothing"),
    };
    AudioError::InvalidBase64 { position, problem }
}

#[cfg(test)]
mod tests {
    use super::{native, web};

    /// What an engine makes of symbols, in as little room as they need.
    fn decoded(decode: fn(&[u8], &mut [u8]) -> Option<usize>, symbols: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = vec![0; symbols.len() * 3 / 4];
        let written = decode(symbols, &mut bytes)?;
        assert_eq!(written, bytes.len());
        Some(bytes)
    }

    #[test]
    fn all_engines_accept_the_same_texts_and_make_the_same_of_them() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut symbols: Vec<u8> = (0..random.usize(..150))
                .map(|_| random.choice(*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").unwrap())
                .collect();
            if let Some(at) = random.choice(0..symbols.len())
                && random.u8(..4) == 0
            {
                symbols[at] = random.u8(..);
            }
            let made = decoded(native::decode, &symbols);
            assert_eq!(made, decoded(web::decode, &symbols), "{}", symbols.escape_ascii());
            *if made.is_some() { &mut accepted } else { &mut refused } += 1;
        }
        assert!(accepted > 5_000 && refused > 5_000, "{accepted} {refused}");
    }

    #[test]
    fn all_engines_write_the_same_text() {
        let mut random = fastrand::Rng::with_seed(6);
        for len in 0..400 {
            let bytes: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
            let (mut natives, mut webs) = (String::new(), String::new());
            native::encode(&bytes, &mut natives);
            web::encode(&bytes, &mut webs);
            assert_eq!(natives, webs);
        }
    }
}

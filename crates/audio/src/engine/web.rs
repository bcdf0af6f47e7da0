//! The crate `base64-simd`, for WebAssembly. It does not say what is wrong with a text.

use base64_simd::{Out, STANDARD, STANDARD_NO_PAD};

use crate::AudioError;
use crate::base64_text::symbols;

/// Appends `bytes` to `out`, which has room for them.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    STANDARD.encode_append(bytes, out);
}

/// Decodes `text` into `bytes`, which has room for [`decoded_len`](crate::base64_text::decoded_len); says how many were
/// written.
pub(crate) fn decode(text: &str, bytes: &mut [u8]) -> Result<usize, AudioError> {
    // With or without padding.
    let symbols = &text[..symbols(text)];
    match STANDARD_NO_PAD.decode(symbols.as_bytes(), Out::from_slice(bytes)) {
        Ok(decoded) => Ok(decoded.len()),
        Err(_) => Err(why_not(symbols)),
    }
}

fn why_not(symbols: &str) -> AudioError {
    let foreign = |byte: u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    match symbols.bytes().position(foreign) {
        Some(position) => AudioError::InvalidBase64 { position, problem: "not a character of base64" },
        None => AudioError::InvalidBase64 { position: symbols.len(), problem: "ends in the middle of a byte" },
    }
}

//! The crate `base64-simd`, for WebAssembly. It does not say what is wrong with a text.

use base64_simd::{Out, STANDARD, STANDARD_NO_PAD};

/// Appends `bytes` to `out`, which has room for them.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    STANDARD.encode_append(bytes, out);
}

/// Decodes text without padding into `bytes`, which has room for it; says how many were written, or that it is not
/// base64.
pub(crate) fn decode(symbols: &[u8], bytes: &mut [u8]) -> Option<usize> {
    STANDARD_NO_PAD.decode(symbols, Out::from_slice(bytes)).ok().map(|decoded| decoded.len())
}

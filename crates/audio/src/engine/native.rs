//! The crate `base64`.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

/// We write padding; of what we read it is cut before.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::RequireNone);

// `base64::prelude` has only the scalar engine; the SIMD one exists on these targets and picks its instructions once.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
static ENGINE: LazyLock<base64::engine::Simd> = LazyLock::new(|| base64::engine::Simd::standard(CONFIG));

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG));

/// Appends `bytes` to `out`, which has room for them.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    // Through a kilobyte on the stack, which stays in cache: encoding into the string's own spare room would need it
    // zeroed first and checked as UTF-8 from its start afterwards.
    ENGINE.encode_string(bytes, out);
}

/// Decodes text without padding into `bytes`, which has room for it; says how many were written, or that it is not
/// base64.
pub(crate) fn decode(symbols: &[u8], bytes: &mut [u8]) -> Option<usize> {
    ENGINE.decode_slice(symbols, bytes).ok()
}

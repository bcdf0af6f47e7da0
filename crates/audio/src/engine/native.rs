//! The crate `base64`.

use std::sync::LazyLock;

use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use base64::{DecodeError, DecodeSliceError, Engine as _};

use crate::AudioError;
use crate::base64_text::symbols;

/// We write padding, and read text with or without.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

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

/// Decodes `text` into `bytes`, which has room for [`decoded_len`](crate::base64_text::decoded_len); says how many were written.
pub(crate) fn decode(text: &str, bytes: &mut [u8]) -> Result<usize, AudioError> {
    ENGINE.decode_slice(text, bytes).map_err(|error| {
        let (position, problem) = match error {
            DecodeSliceError::DecodeError(DecodeError::InvalidByte(at, _)) => (at, "not a character of base64"),
            DecodeSliceError::DecodeError(DecodeError::InvalidLastSymbol { offset, .. }) => {
                (offset, "the last character has bits that stand for nothing")
            }
            DecodeSliceError::DecodeError(DecodeError::InvalidPadding) => (symbols(text), "wrong padding"),
            // Room for all of a valid text was given.
            DecodeSliceError::DecodeError(DecodeError::InvalidLength(_)) | DecodeSliceError::OutputSliceTooSmall => {
                (text.len(), "ends in the middle of a byte")
            }
        };
        AudioError::InvalidBase64 { position, problem }
    })
}

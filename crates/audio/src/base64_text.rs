//! Base64, the text that audio travels as: standard alphabet, padded. What a stream of deltas needs beyond one text,
//! the half sample between two, is in `delta`; what does the work, in `engine`.

use crate::{AudioEncoding, AudioError, engine, g711};

/// Samples that are converted at a time where they cannot be encoded as they lie. Whole groups of three bytes, so that
/// no padding falls inside.
const BATCH: usize = 768;

/// Appends `samples` to `out` as base64 of that encoding. G.711 takes the samples as they are, at 8 kHz: resample
/// before.
///
/// ```
/// # use vivavoce_audio::{AudioEncoding, encode_base64};
/// let mut event = String::from(r#"{"type":"input_audio_buffer.append","audio":""#);
/// encode_base64(&[0, -1], AudioEncoding::Pcm16, &mut event);
/// event.push_str(r#""}"#);
/// assert_eq!(event, r#"{"type":"input_audio_buffer.append","audio":"AAD//w=="}"#);
/// ```
pub fn encode_base64(samples: &[i16], encoding: AudioEncoding, out: &mut String) {
    match encoding {
        AudioEncoding::Pcm16 if cfg!(target_endian = "little") => {
            encode_bytes_base64(bytemuck::cast_slice(samples), out);
        }
        AudioEncoding::Pcm16 => {
            let mut swapped = [0_i16; BATCH];
            for batch in samples.chunks(BATCH) {
                let swapped = &mut swapped[..batch.len()];
                swapped.iter_mut().zip(batch).for_each(|(to, from)| *to = from.to_le());
                encode_bytes_base64(bytemuck::cast_slice(swapped), out);
            }
        }
        AudioEncoding::G711Ulaw => encode_companded(samples, g711::linear_to_ulaw, out),
        AudioEncoding::G711Alaw => encode_companded(samples, g711::linear_to_alaw, out),
    }
}

fn encode_companded(samples: &[i16], compand: impl Fn(i16) -> u8, out: &mut String) {
    let mut codes = [0_u8; BATCH];
    for batch in samples.chunks(BATCH) {
        let codes = &mut codes[..batch.len()];
        codes.iter_mut().zip(batch).for_each(|(code, &sample)| *code = compand(sample));
        encode_bytes_base64(codes, out);
    }
}

/// Appends `bytes` to `out` as base64.
pub fn encode_bytes_base64(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().div_ceil(3).saturating_mul(4));
    engine::encode(bytes, out);
}

/// The bytes that base64 stands for. Padding may be missing; white space is not base64.
///
/// # Errors
///
/// [`AudioError::InvalidBase64`].
pub fn decode_base64(text: &str) -> Result<Vec<u8>, AudioError> {
    let mut bytes = vec![0; decoded_len(text)];
    let written = engine::decode(text, &mut bytes)?;
    bytes.truncate(written);
    Ok(bytes)
}

/// How many bytes `text` stands for, if it is base64.
pub(crate) fn decoded_len(text: &str) -> usize {
    let symbols = symbols(text);
    symbols / 4 * 3 + symbols % 4 * 3 / 4
}

/// The length of the text without the padding at its end.
pub(crate) fn symbols(text: &str) -> usize {
    let padding = text.bytes().rev().take(2).take_while(|&byte| byte == b'=').count();
    text.len() - padding
}

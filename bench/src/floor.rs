//! The floor: the least that can be done with a trace. serde_json into a flat borrowed struct, SIMD base64
//! into one growing buffer (K1), or into one buffer that is reused (D1).

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::{GeneralPurposeConfig, Simd};
use serde::Deserialize;

static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::standard(GeneralPurposeConfig::new()));

/// The members a client cannot do without.
#[derive(Deserialize)]
struct Flat<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    delta: Option<Cow<'a, str>>,
}

/// Goes through the lines; returns the samples it decoded.
pub(crate) fn run<'a>(lines: impl Iterator<Item = &'a str>, keep: bool) -> (u64, Vec<i16>) {
    let mut samples: Vec<i16> = Vec::new();
    let mut decoded = 0;
    for line in lines {
        let Ok(event) = serde_json::from_str::<Flat<'_>>(line) else { continue };
        let (true, Some(delta)) = (is_audio_delta(&event.kind), event.delta) else { continue };
        if !keep {
            samples.clear();
        }
        let start = samples.len();
        let room = base64::decoded_len_estimate(delta.len()).div_ceil(2);
        samples.resize(start + room, 0);
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut samples[start..]);
        let written = ENGINE.decode_slice(delta.as_bytes(), bytes).unwrap_or_default() / 2;
        samples.truncate(start + written);
        decoded += written as u64;
    }
    (decoded, samples)
}

/// The `type` of a line; empty when it has none.
pub(crate) fn name(line: &str) -> Cow<'_, str> {
    serde_json::from_str::<Flat<'_>>(line).map(|event| event.kind).unwrap_or_default()
}

pub(crate) fn is_audio_delta(name: &str) -> bool {
    matches!(name, "response.output_audio.delta" | "response.audio.delta")
}

//! Inputs without libFuzzer: the committed seeds, and what a few mutations make of them.

use std::fs;
use std::path::Path;

use fastrand::Rng;

/// The seeds of one body.
pub struct Seeds(Vec<Vec<u8>>);

/// Pieces of JSON and of the protocol that random bytes would never make.
const PIECES: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "-0",
    "1e400",
    "18446744073709551616",
    "1.0",
    "5e0",
    "\"\\ud800\"",
    "\\u0000",
    "🌊",
    ",\"a\":1",
    "\"type\":",
    "\"type\":5,",
    "\"session\":",
    "\"response\":{}",
    "\"audio\":{}",
    "\"modalities\":[]",
    "\"output_modalities\":[\"audio\"]",
    "\"voice\":\"ash\",",
    "\"temperature\":1,",
    "\"object\":",
    "\"realtime\"",
    "\"transcription\"",
    "\"translation\"",
    "\"realtime.transcription_session\"",
    "\"session.updated\"",
    "\"transcription_session.updated\"",
    "\"response.text.delta\"",
    "\"pcm16\"",
    "\"mcp\"",
    "\"output_text\"",
    "\"text\"",
    "\"inf\"",
    "\"input_audio_format\":",
    "\"item\":{\"type\":\"message\"}",
];

impl Seeds {
    /// Reads the committed seeds of a body.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn of(body: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(body);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("no seeds in {}: {error}", folder.display()));
        // In the order of their names, so that a run can be repeated.
        let mut paths: Vec<_> = files.map(|file| file.expect("a readable folder").path()).collect();
        paths.sort();
        assert!(!paths.is_empty(), "no seeds in {}", folder.display());
        Self(paths.iter().map(|path| fs::read(path).expect("a readable seed")).collect())
    }

    /// The seeds as they are.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Another input: noise at times, mostly a seed with a few changes.
    pub fn vary(&self, random: &mut Rng) -> Vec<u8> {
        if random.u8(..16) == 0 {
            let length = random.usize(..200);
            return (0..length).map(|_| random.u8(..)).collect();
        }
        let mut data = self.0[random.usize(..self.0.len())].clone();
        for _ in 0..random.usize(1..5) {
            self.change(&mut data, random);
        }
        data
    }

    fn change(&self, data: &mut Vec<u8>, random: &mut Rng) {
        let at = random.usize(..=data.len());
        let end = (at + random.usize(..24)).min(data.len());
        match random.u8(..8) {
            0 if at < data.len() => data[at] = random.u8(..),
            0 | 1 => drop(data.drain(at..end)),
            2 => data.truncate(at),
            3 => {
                let piece = data[at..end].to_vec();
                let to = random.usize(..=data.len());
                data.splice(to..to, piece);
            }
            4 => {
                let other = &self.0[random.usize(..self.0.len())];
                data.truncate(at);
                data.extend_from_slice(&other[at.min(other.len())..]);
            }
            5 => {
                let piece = PIECES[random.usize(..PIECES.len())];
                data.splice(at..at, piece.bytes());
            }
            // Most kind to JSON: one value or name for another.
            _ => {
                if let Some((start, end)) = string_at(data, at) {
                    let piece = PIECES[random.usize(..PIECES.len())];
                    data.splice(start..end, piece.bytes());
                }
            }
        }
    }
}

/// The first string at or after a place, quotes included.
fn string_at(data: &[u8], at: usize) -> Option<(usize, usize)> {
    let quote = |from: usize| data.get(from..)?.iter().position(|byte| *byte == b'"').map(|found| from + found);
    let start = quote(at)?;
    Some((start, quote(start + 1)? + 1))
}

//! A signal that resembles speech: one sound for each letter, voiced ones with a pitch and formants, others with noise.

use std::f32::consts::{PI, TAU};

use vivavoce_audio::SAMPLE_RATE;

use super::{hash, samples};

const MS_PER_CHARACTER: f64 = 60.0;
/// The loudest sample of a vowel.
const AMPLITUDE: f32 = 9_000.0;
/// Harmonics above this are left out, in Hz.
const BRIGHTEST: f32 = 4_000.0;
/// Longer texts would only cost time.
const MAX_CHARACTERS: usize = 2_000;

/// The sound of the [synthetic voice](crate::VoiceKind::Synthetic): mono, 24 kHz, about 60 ms a character, always the
/// same for the same arguments. At most 2000 characters.
///
/// For tests that need speech without a recording: voice activity detection hears it as such. `voice` is any name,
/// `speed` is 1 for the usual pace.
pub fn synthetic_speech(text: &str, voice: &str, speed: f64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(hash(text));
    // Between a low and a high voice, by name.
    let base_pitch = 110.0 + (hash(voice) % 90) as f32;
    let mut out = Vec::new();
    let mut phase = 0.0;
    for character in text.chars().take(MAX_CHARACTERS) {
        let length = samples(MS_PER_CHARACTER / speed.clamp(0.25, 4.0));
        let pitch = base_pitch * (0.9 + 0.2 * random.f32());
        match Sound::of(character) {
            Sound::Pause => out.extend(std::iter::repeat_n(0, length)),
            Sound::Voiced(formants) => voiced(formants, pitch, length, &mut phase, &mut out),
            Sound::Noise => noise(&mut random, length, &mut out),
        }
    }
    out
}

enum Sound {
    Pause,
    /// The three lowest resonances of the mouth, in Hz.
    Voiced([f32; 3]),
    Noise,
}

impl Sound {
    fn of(character: char) -> Self {
        match character.to_ascii_lowercase() {
            'a' => Self::Voiced([730.0, 1090.0, 2440.0]),
            'e' => Self::Voiced([530.0, 1840.0, 2480.0]),
            'i' | 'y' => Self::Voiced([300.0, 2290.0, 3010.0]),
            'o' => Self::Voiced([570.0, 840.0, 2410.0]),
            'u' | 'w' => Self::Voiced([300.0, 870.0, 2240.0]),
            'm' | 'n' | 'l' | 'r' | 'v' | 'b' | 'd' | 'g' | 'j' | 'z' => Self::Voiced([280.0, 1300.0, 2300.0]),
            'c' | 'f' | 'h' | 'k' | 'p' | 'q' | 's' | 't' | 'x' => Self::Noise,
            other if other.is_alphanumeric() => Self::Voiced([500.0, 1500.0, 2500.0]),
            _ => Self::Pause,
        }
    }
}

/// One period is computed and read again and again: harmonics cost only once.
fn voiced(formants: [f32; 3], pitch: f32, length: usize, phase: &mut f32, out: &mut Vec<i16>) {
    const TABLE: usize = 256;
    let mut period = [0.0_f32; TABLE];
    let mut harmonic = 1.0;
    while harmonic * pitch < BRIGHTEST {
        let strength: f32 = formants
            .iter()
            .zip([1.0, 0.6, 0.3])
            .map(|(formant, weight)| {
                let distance = (harmonic * pitch - formant) / 130.0;
                weight / (1.0 + distance * distance)
            })
            .sum();
        for (index, sample) in period.iter_mut().enumerate() {
            *sample += strength * (TAU * harmonic * index as f32 / TABLE as f32).sin();
        }
        harmonic += 1.0;
    }
    let loudest = period.iter().fold(f32::MIN_POSITIVE, |loudest, sample| loudest.max(sample.abs()));
    let step = pitch * TABLE as f32 / SAMPLE_RATE as f32;
    for index in 0..length {
        // Syllables swell and fade.
        let envelope = 0.3 + 0.7 * (PI * index as f32 / length as f32).sin();
        out.push((period[*phase as usize % TABLE] / loudest * AMPLITUDE * envelope) as i16);
        *phase = (*phase + step) % TABLE as f32;
    }
}

fn noise(random: &mut fastrand::Rng, length: usize, out: &mut Vec<i16>) {
    let mut before = 0.0;
    for index in 0..length {
        let envelope = (PI * index as f32 / length as f32).sin();
        let white = random.f32() * 2.0 - 1.0;
        // The difference of neighbours is brighter than white, as an s is.
        out.push(((white - before) * AMPLITUDE * 0.12 * envelope) as i16);
        before = white;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_sounds_the_same_and_lasts_sixty_milliseconds_a_character() {
        let said = synthetic_speech("Hello there.", "alloy", 1.0);
        assert_eq!(said, synthetic_speech("Hello there.", "alloy", 1.0));
        assert_eq!(said.len(), 12 * 1_440);
        assert_ne!(said, synthetic_speech("Hello there.", "marin", 1.0));
        assert_eq!(synthetic_speech("Hello there.", "alloy", 1.5).len(), 12 * 960);
        assert!(said.iter().all(|sample| sample.unsigned_abs() < 12_000));
    }
}

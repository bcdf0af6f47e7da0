//! Conversions and levels.

use vivavoce_audio::convert::{f32_slice_to_i16, f32_to_i16, i16_slice_to_f32, i16_to_f32, mix_to_mono};
use vivavoce_audio::level::{dbfs, peak, rms};

#[test]
fn floats_become_what_the_reference_client_makes_of_them() {
    let floats = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 0.000_02, -0.000_02, f32::NAN, f32::INFINITY, f32::MIN];
    let samples = [0, 0, 32_767, -32_768, 32_767, -32_768, 16_383, -16_384, 0, 0, 0, 32_767, -32_768];
    assert_eq!(f32_slice_to_i16(&floats), samples);
    // Just under one is cut, not rounded up.
    assert_eq!(f32_to_i16(1.0_f32.next_down()), 32_766);
}

#[test]
fn samples_become_floats_within_one() {
    assert_eq!(i16_slice_to_f32(&[i16::MIN, -1, 0, 16_384]), [-1.0, -1.0 / 32_768.0, 0.0, 0.5]);
    for sample in i16::MIN..=i16::MAX {
        let back = f32_to_i16(i16_to_f32(sample));
        // Negative values come back as they were, others may lose one.
        assert!(back == sample || sample > 0 && back == sample - 1);
    }
}

#[test]
fn channels_are_mixed_by_their_mean() {
    assert_eq!(mix_to_mono(&[1, 2, 3], 1), [1, 2, 3]);
    assert_eq!(mix_to_mono(&[1, 2, 3], 0), [1, 2, 3]);
    assert_eq!(mix_to_mono(&[i16::MIN, i16::MIN, i16::MAX, i16::MAX, 5], 2), [i16::MIN, i16::MAX]);
    assert_eq!(mix_to_mono(&[i16::MIN; 65_535], u16::MAX), [i16::MIN]);
    assert!(mix_to_mono(&[1, 2, 3], 4).is_empty());
}

#[test]
fn levels_of_known_signals_are_right() {
    let sine: Vec<i16> =
        (0..24_000).map(|at| (32_767.0 * (f64::from(at) / 24.0 * std::f64::consts::TAU).sin()) as i16).collect();
    assert!((rms(&sine) - 0.5_f32.sqrt()).abs() < 0.001);
    assert!((dbfs(&sine) + 3.01).abs() < 0.01);
    assert!((peak(&sine) - 1.0).abs() < 0.001);
    assert_eq!((rms(&[]), peak(&[]), dbfs(&[0, 0])), (0.0, 0.0, f32::NEG_INFINITY));
    assert_eq!((rms(&[i16::MIN]), peak(&[0, i16::MIN]), dbfs(&[i16::MIN, i16::MIN])), (1.0, 1.0, 0.0));
}

//! Resampling against what the signal is at the moments of the output.

use std::f64::consts::TAU;

use vivavoce_audio::{AudioError, Resampler, level::rms, resample};

fn sine(hz: f64, rate: u32, samples: usize) -> Vec<i16> {
    (0..samples).map(|at| (20_000.0 * (TAU * hz * at as f64 / f64::from(rate)).sin()).round() as i16).collect()
}

/// How far apart two signals are, in dB below 20000.
fn distance_db(a: &[i16], b: &[i16]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    10.0 * (sum / a.len() as f64 / 2e8).log10()
}

const RATES: [u32; 9] = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

#[test]
fn a_sine_keeps_frequency_level_and_time_between_all_usual_rates() {
    for from in RATES {
        for to in RATES {
            let out = resample(&sine(1_000.0, from, from as usize), from, to).unwrap();
            assert_eq!(out.len(), to as usize);
            // The ends are heard through half a filter.
            let edge = to as usize / 20;
            let inner = edge..out.len() - edge;
            let distance = distance_db(&out[inner.clone()], &sine(1_000.0, to, to as usize)[inner]);
            // What is left is the rounding to 16 bits.
            assert!(distance < -80.0, "{from} to {to}: {distance:.1} dB");
        }
    }
}

#[test]
fn odd_rates_work_as_well() {
    for (from, to) in
        [(44_101, 24_000), (24_000, 44_101), (47_999, 23_999), (767_999, 24_000), (24_000, 767_999), (8_001, 768_000)]
    {
        let samples = from as usize / 4;
        let out = resample(&sine(1_000.0, from, samples), from, to).unwrap();
        let expected = sine(1_000.0, to, out.len());
        let inner = out.len() / 5..out.len() * 4 / 5;
        let distance = distance_db(&out[inner.clone()], &expected[inner]);
        // A shift in time of a two hundredth of a sample shows as this much.
        assert!(distance < -45.0, "{from} to {to}: {distance:.1} dB");
    }
}

#[test]
fn what_the_new_rate_cannot_hold_is_taken_out() {
    for (from, to, hz) in [(48_000, 24_000, 13_000.0), (24_000, 8_000, 4_400.0), (44_100, 16_000, 9_000.0)] {
        let out = resample(&sine(hz, from, from as usize), from, to).unwrap();
        let inner = &out[out.len() / 10..out.len() * 9 / 10];
        assert!(rms(inner) < 0.000_1, "{from} to {to}: {}", rms(inner));
    }
}

#[test]
fn the_length_is_exact_for_every_number_of_samples() {
    for (from, to) in [(44_100, 24_000), (24_000, 44_100), (8_000, 24_000), (24_000, 8_000), (22_050, 24_000), (3, 7)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        for samples in (0..40).chain([479, 480, 481, 5_000]) {
            let mut out = Vec::new();
            resampler.process(&vec![1_000; samples], &mut out);
            resampler.flush(&mut out);
            let expected = (samples as f64 * f64::from(to) / f64::from(from)).round() as usize;
            assert_eq!(out.len(), expected, "{samples} from {from} to {to}");
        }
    }
}

#[test]
fn how_the_input_is_cut_changes_nothing() {
    let mut random = fastrand::Rng::with_seed(2);
    let noise: Vec<i16> = (0..20_000).map(|_| random.i16(..)).collect();
    for (from, to) in [(44_100, 24_000), (24_000, 48_000), (8_000, 24_000), (24_000, 16_000), (44_101, 24_000)] {
        let whole = resample(&noise, from, to).unwrap();
        for most in [1, 7, 480, 6_000] {
            let mut resampler = Resampler::new(from, to).unwrap();
            let mut out = Vec::new();
            let mut rest = &noise[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(random.usize(..=rest.len().min(most)));
                resampler.process(now, &mut out);
                rest = later;
            }
            resampler.flush(&mut out);
            assert_eq!(out, whole, "{from} to {to} by {most}");
        }
    }
}

#[test]
fn a_flushed_resampler_begins_anew() {
    let first = sine(440.0, 44_100, 5_000);
    let mut resampler = Resampler::new(44_100, 24_000).unwrap();
    let (mut once, mut again) = (Vec::new(), Vec::new());
    resampler.process(&first, &mut once);
    resampler.flush(&mut once);
    resampler.process(&first, &mut again);
    resampler.flush(&mut again);
    assert_eq!(once, again);
    resampler.flush(&mut again);
    assert_eq!(once.len(), again.len());
}

#[test]
fn output_follows_input_within_the_promised_delay() {
    for (from, to) in [(48_000, 24_000), (24_000, 48_000), (8_000, 24_000), (24_000, 16_000), (44_100, 24_000)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        let (mut fed, mut out) = (0, Vec::new());
        let most = 65.0 / f64::from(from.min(to)) + 0.005;
        for _ in 0..500 {
            resampler.process(&[0; 48], &mut out);
            fed += 48;
            let behind = f64::from(fed) / f64::from(from) - out.len() as f64 / f64::from(to);
            assert!((0.0..=most + 0.000_1).contains(&behind), "{from} to {to}: {behind}");
        }
    }
}

#[test]
fn full_scale_does_not_wrap_around() {
    let square: Vec<i16> = (0..4_410).map(|at| if at / 30 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let out = resample(&square, 44_100, 24_000).unwrap();
    let turns = out.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    assert_eq!(turns, 4_410 / 30 - 1);
}

#[test]
fn equal_rates_pass_through() {
    let mut resampler = Resampler::new(24_000, 24_000).unwrap();
    let mut out = Vec::new();
    resampler.process(&[1, 2, 3], &mut out);
    assert_eq!(out, [1, 2, 3]);
    resampler.flush(&mut out);
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn rates_that_cannot_be_are_refused() {
    for (from, to) in
        [(0, 24_000), (24_000, 0), (0, 0), (768_001, 24_000), (24_000, u32::MAX), (1, 257), (768_000, 2_999)]
    {
        let error = Resampler::new(from, to).unwrap_err();
        assert_eq!(error, AudioError::UnsupportedRates { from_hz: from, to_hz: to });
    }
}

#[test]
fn any_allowed_pair_of_rates_works() {
    let mut random = fastrand::Rng::with_seed(8);
    let pairs = (0..20).map(|_| {
        let from = random.u32(1_000..=768_000);
        (from, random.u32((from / 8).max(1)..=(from * 8).min(768_000)))
    });
    for (from, to) in
        pairs.chain([(1, 1), (1, 2), (1, 256), (256, 1), (767_999, 3_000), (3_001, 768_000), (3_000, 768_000)])
    {
        let out = resample(&[5_000; 1_000], from, to).unwrap();
        assert_eq!(out.len(), (1_000.0 * f64::from(to) / f64::from(from)).round() as usize, "{from} to {to}");
    }
}

//! G.711 against the standard's own construction: segments of sixteen steps, each segment's step twice the last one's.

use vivavoce_audio::g711::{alaw_to_linear, linear_to_alaw, linear_to_ulaw, ulaw_to_linear};

/// The middle of each of 128 intervals that follow each other from 0, in 16 bit units of `unit`. The first interval is
/// `first` wide, the others as `step` says for their segment.
fn middles(unit: i32, first: i32, step: impl Fn(u32) -> i32) -> Vec<i16> {
    let mut edge = 0;
    (0..128)
        .map(|interval| {
            let width = if interval == 0 { first } else { step(interval / 16) };
            let twice_the_middle = 2 * edge + width;
            edge += width;
            i16::try_from(twice_the_middle * unit / 2).unwrap()
        })
        .collect()
}

/// Table 2 of G.711 (mu-law, 14 bits): a first interval of half width around zero, of which both halves stand for 0.
fn ulaw_middles() -> Vec<i16> {
    let mut middles = middles(4, 1, |segment| 2 << segment);
    middles[0] = 0;
    middles
}

/// Table 1 of G.711 (A-law, 13 bits): the first two segments have the same step.
fn alaw_middles() -> Vec<i16> {
    middles(8, 2, |segment| 2 << segment.saturating_sub(1))
}

#[test]
fn all_ulaw_codes_stand_for_the_middle_of_their_interval() {
    for (code, middle) in (0..128_u8).zip(ulaw_middles()) {
        assert_eq!(ulaw_to_linear(0xff - code), middle);
        assert_eq!(ulaw_to_linear(0x7f - code), -middle);
    }
}

#[test]
fn all_alaw_codes_stand_for_the_middle_of_their_interval() {
    for (code, middle) in (0..128_u8).zip(alaw_middles()) {
        assert_eq!(alaw_to_linear((0x80 | code) ^ 0x55), middle);
        assert_eq!(alaw_to_linear(code ^ 0x55), -middle);
    }
}

#[test]
fn well_known_values_hold() {
    for (code, value) in [(0xff, 0), (0x7f, 0), (0x00, -32_124), (0x80, 32_124), (0xf0, 120), (0xef, 132)] {
        assert_eq!(ulaw_to_linear(code), value);
    }
    for (code, value) in [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256), (0xc5, 264)] {
        assert_eq!(alaw_to_linear(code), value);
    }
    assert_eq!(linear_to_ulaw(0), 0xff);
    assert_eq!(linear_to_alaw(0), 0xd5);
    assert_eq!((linear_to_ulaw(i16::MIN), linear_to_ulaw(i16::MAX)), (0x00, 0x80));
    assert_eq!((linear_to_alaw(i16::MIN), linear_to_alaw(i16::MAX)), (0x2a, 0xaa));
}

#[test]
fn a_code_comes_back_as_itself() {
    for code in 0..=255 {
        assert_eq!(linear_to_alaw(alaw_to_linear(code)), code);
        // The negative zero becomes the positive one.
        assert_eq!(linear_to_ulaw(ulaw_to_linear(code)), if code == 0x7f { 0xff } else { code });
    }
}

#[test]
fn every_sample_gets_the_code_of_its_interval() {
    for (unit, first, middles, encode) in
        [(4, 1, ulaw_middles(), linear_to_ulaw as fn(i16) -> u8), (8, 2, alaw_middles(), linear_to_alaw)]
    {
        let code_of = |interval: usize, negative: bool| match (unit, negative) {
            (4, false) => 0xff - interval as u8,
            (4, true) => 0x7f - interval as u8,
            (_, false) => (0x80 | interval as u8) ^ 0x55,
            (_, true) => interval as u8 ^ 0x55,
        };
        // Upper edges: each interval's middle is as far from its lower edge as from its upper.
        let mut edges = vec![first * unit];
        for &middle in &middles[1..] {
            let lower = *edges.last().unwrap();
            edges.push(2 * i32::from(middle) - lower);
        }
        for sample in i16::MIN..=i16::MAX {
            // Negative samples mirror as ones' complement: -1 lies in the first interval.
            let magnitude = i32::from(if sample < 0 { !sample } else { sample });
            let interval = edges.iter().position(|&edge| magnitude < edge).unwrap_or(127);
            assert_eq!(encode(sample), code_of(interval, sample < 0), "{sample}");
        }
    }
}

#[test]
fn louder_samples_never_decode_to_quieter_ones() {
    for (encode, decode) in
        [(linear_to_ulaw as fn(i16) -> u8, ulaw_to_linear as fn(u8) -> i16), (linear_to_alaw, alaw_to_linear)]
    {
        let values: Vec<i16> = (i16::MIN..=i16::MAX).map(|sample| decode(encode(sample))).collect();
        assert!(values.is_sorted());
    }
}

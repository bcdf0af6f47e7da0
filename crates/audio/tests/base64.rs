//! Base64 both ways, and deltas to samples.

use vivavoce_audio::{
    AudioChunk, AudioEncoding, AudioError, DeltaDecoder, decode_base64, encode_base64, encode_bytes_base64, g711,
};

fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    encode_bytes_base64(bytes, &mut text);
    text
}

fn random_bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| random.u8(..)).collect()
}

fn random_samples(len: usize, seed: u64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..len).map(|_| random.i16(..)).collect()
}

fn position(error: &AudioError) -> usize {
    match error {
        AudioError::InvalidBase64 { position, .. } => *position,
        other => panic!("{other}"),
    }
}

#[test]
fn the_vectors_of_rfc_4648_hold_both_ways() {
    let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
    for (len, vector) in vectors.iter().enumerate() {
        assert_eq!(text(&b"foobar"[..len]), *vector);
        assert_eq!(decode_base64(vector).unwrap(), b"foobar"[..len]);
    }
}

#[test]
fn every_length_comes_back_with_padding_and_without() {
    for len in (0..400).chain([4_800, 9_600, 9_601, 9_602]) {
        let bytes = random_bytes(len, len as u64);
        let text = text(&bytes);
        assert_eq!(decode_base64(&text).unwrap(), bytes);
        assert_eq!(decode_base64(text.trim_end_matches('=')).unwrap(), bytes);
    }
}

#[test]
fn encoding_appends_and_keeps_what_is_there() {
    let mut out = String::from("before ");
    encode_base64(&[1, -2], AudioEncoding::Pcm16, &mut out);
    assert_eq!(out, "before AQD+/w==");
}

#[test]
fn samples_of_any_number_and_encoding_are_one_base64_text() {
    for len in [0, 1, 2, 3, 767, 768, 769, 2_400, 4_801] {
        let samples = random_samples(len, 7);
        let encode = |encoding| {
            let mut out = String::new();
            encode_base64(&samples, encoding, &mut out);
            decode_base64(&out).unwrap()
        };
        let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert_eq!(encode(AudioEncoding::Pcm16), pcm);
        let ulaw: Vec<u8> = samples.iter().map(|&sample| g711::linear_to_ulaw(sample)).collect();
        assert_eq!(encode(AudioEncoding::G711Ulaw), ulaw);
        let alaw: Vec<u8> = samples.iter().map(|&sample| g711::linear_to_alaw(sample)).collect();
        assert_eq!(encode(AudioEncoding::G711Alaw), alaw);
    }
}

#[test]
fn a_bad_character_is_found_wherever_it_is() {
    let good = text(&random_bytes(300, 1));
    for at in 0..good.len() {
        for bad in ["*", " ", "\n", "-", "_", "\\"] {
            let mut text = good.clone();
            text.replace_range(at..=at, bad);
            assert_eq!(position(&decode_base64(&text).unwrap_err()), at, "{bad:?}");
        }
    }
}

#[test]
fn text_that_is_not_base64_says_why_and_not_what() {
    for bad in
        ["A", "AAAAA", "=", "==", "===", "====", "A=", "A==", "A===", "AA=A", "AA===", "AAA==", "AAAA=", "AB==", "é"]
    {
        let error = decode_base64(bad).expect_err(bad);
        assert!(position(&error) <= bad.len());
        assert!(DeltaDecoder::default().decode(bad).is_err());
    }
    let error = decode_base64("secret*").unwrap_err();
    assert_eq!(error.to_string(), "invalid base64 at byte 6: not a character of base64");
    assert!(!format!("{error:?}").contains("secret"));
    // 42 is the byte itself.
    assert!(!format!("{error:?}").contains("42"));
}

#[test]
fn text_that_is_not_base64_says_where_and_what_is_wrong() {
    for (bad, position, problem) in [
        ("AA=A", 2, "not a character of base64"),
        ("AA===", 2, "not a character of base64"),
        ("A", 1, "ends in the middle of a byte"),
        ("AAAAA===", 5, "not a character of base64"),
        ("A==", 1, "ends in the middle of a byte"),
        ("=", 0, "wrong padding"),
        ("AAA==", 3, "wrong padding"),
        ("AAAA=", 4, "wrong padding"),
        ("AAAAAB==", 5, "the last character has bits that stand for nothing"),
        ("AAB", 2, "the last character has bits that stand for nothing"),
    ] {
        assert_eq!(decode_base64(bad), Err(AudioError::InvalidBase64 { position, problem }), "{bad}");
    }
    for good in ["", "AA", "AA=", "AA==", "AAA", "AAA=", "AAAA"] {
        assert!(decode_base64(good).is_ok(), "{good}");
    }
}

#[test]
fn a_stream_cut_anywhere_gives_the_same_samples() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..300 {
        let samples = random_samples(random.usize(..600), random.u64(..));
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let (mut decoder, mut raw) = (DeltaDecoder::new(AudioEncoding::Pcm16), DeltaDecoder::default());
        let (mut decoded, mut copied) = (Vec::new(), Vec::new());
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(random.usize(..=rest.len().min(200)));
            rest = later;
            decoded.extend_from_slice(&decoder.decode(&text(now)).unwrap());
            copied.extend_from_slice(&raw.decode_bytes(now));
            assert_eq!(decoder.pending_bytes(), (bytes.len() - rest.len()) % 2);
        }
        assert_eq!(decoded, samples);
        assert_eq!(copied, samples);
    }
}

#[test]
fn half_a_sample_waits_for_the_rest() {
    let mut decoder = DeltaDecoder::new(AudioEncoding::Pcm16);
    assert!(decoder.decode(&text(&[0x34])).unwrap().is_empty());
    assert_eq!(decoder.pending_bytes(), 1);
    assert!(decoder.decode("").unwrap().is_empty());
    assert_eq!(decoder.pending_bytes(), 1);
    assert_eq!(decoder.decode(&text(&[0x12, 0x78])).unwrap()[..], [0x1234]);
    assert_eq!(decoder.finish(), 1);
    assert_eq!(decoder.finish(), 0);
    assert_eq!(decoder.decode_bytes(&[1, 0])[..], [1]);
}

#[test]
fn a_bad_delta_changes_nothing() {
    let mut decoder = DeltaDecoder::new(AudioEncoding::Pcm16);
    decoder.decode_bytes(&[0x34]);
    for bad in ["AAAA*AAA", "A", "AA=A"] {
        assert!(decoder.decode(bad).is_err());
        assert_eq!(decoder.pending_bytes(), 1);
    }
    assert_eq!(decoder.decode(&text(&[0x12])).unwrap()[..], [0x1234]);
}

#[test]
fn telephone_deltas_are_expanded_code_by_code() {
    for len in [0, 1, 2, 3, 160, 8_000] {
        let codes = random_bytes(len, 9);
        for (encoding, expand) in [
            (AudioEncoding::G711Ulaw, g711::ulaw_to_linear as fn(u8) -> i16),
            (AudioEncoding::G711Alaw, g711::alaw_to_linear),
        ] {
            let expected: Vec<i16> = codes.iter().map(|&code| expand(code)).collect();
            let mut decoder = DeltaDecoder::new(encoding);
            assert_eq!(decoder.encoding(), encoding);
            assert_eq!(decoder.decode(&text(&codes)).unwrap()[..], expected);
            assert_eq!(decoder.decode_bytes(&codes), AudioChunk::from(expected));
            assert_eq!(decoder.pending_bytes(), 0);
        }
    }
}

#[test]
fn no_text_breaks_the_decoder() {
    let mut random = fastrand::Rng::with_seed(11);
    let alphabet = b"AB/+z0=*= \n";
    for _ in 0..20_000 {
        let text: String =
            (0..random.usize(..90)).map(|_| char::from(alphabet[random.usize(..alphabet.len())])).collect();
        for encoding in [AudioEncoding::Pcm16, AudioEncoding::G711Ulaw, AudioEncoding::G711Alaw] {
            let _ = DeltaDecoder::new(encoding).decode(&text);
        }
    }
}

#[test]
fn lengths_are_exact_and_do_not_overflow() {
    assert_eq!(AudioEncoding::default(), AudioEncoding::Pcm16);
    assert_eq!(AudioEncoding::Pcm16.ms_to_samples(9_250), 222_000);
    assert_eq!(AudioEncoding::Pcm16.samples_to_ms(23), 0);
    assert_eq!(AudioEncoding::Pcm16.samples_to_ms(24), 1);
    assert_eq!(AudioEncoding::G711Alaw.ms_to_samples(20), 160);
    assert_eq!(AudioEncoding::G711Ulaw.samples_to_ms(u64::MAX), u64::MAX / 8);
    assert_eq!(AudioEncoding::Pcm16.ms_to_samples(u64::MAX), u64::MAX);
    for encoding in [AudioEncoding::Pcm16, AudioEncoding::G711Ulaw, AudioEncoding::G711Alaw] {
        for ms in [0, 1, 57_340, 3_600_000, 1 << 40] {
            assert_eq!(encoding.samples_to_ms(encoding.ms_to_samples(ms)), ms);
        }
    }
}

//! WAV files: ours, hound's, and those of programs that do not keep to the letter.

use std::io::Cursor;

use vivavoce_audio::wav::write_wav_chunks;
use vivavoce_audio::{AudioBuffer, AudioError, WavAudio, g711, read_wav, write_wav};

/// A `fmt ` chunk's content.
fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels.wrapping_mul(bits.div_ceil(8));
    let mut fmt = Vec::new();
    fmt.extend(tag.to_le_bytes());
    fmt.extend(channels.to_le_bytes());
    fmt.extend(rate.to_le_bytes());
    fmt.extend(rate.wrapping_mul(frame.into()).to_le_bytes());
    fmt.extend(frame.to_le_bytes());
    fmt.extend(bits.to_le_bytes());
    fmt
}

/// A file of these chunks, padded as they should be, with a true length.
fn file(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (id, content) in chunks {
        body.extend(*id);
        body.extend((content.len() as u32).to_le_bytes());
        body.extend(*content);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}

fn samples(tag: u16, bits: u16, data: &[u8]) -> Vec<i16> {
    read_wav(&file(&[(b"fmt ", &fmt(tag, 1, 8_000, bits)), (b"data", data)])).unwrap().samples
}

fn pcm(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let written: Vec<i16> = (0..1_001).map(|at| (at * 65) as i16).collect();
    let mut bytes = Vec::new();
    write_wav(&mut bytes, 24_000, &written).unwrap();
    let read = read_wav(&bytes).unwrap();
    assert_eq!(read, WavAudio { sample_rate: 24_000, channels: 1, samples: written.clone() });
    assert_eq!(read.frames(), 1_001);
    assert_eq!(format!("{read:?}"), "WavAudio { sample_rate: 24000, channels: 1, samples: 1001 }");

    let mut hound = hound::WavReader::new(&bytes[..]).unwrap();
    assert_eq!(hound.spec().sample_rate, 24_000);
    assert_eq!(hound.samples::<i16>().collect::<Result<Vec<_>, _>>().unwrap(), written);
}

#[test]
fn a_buffer_is_written_chunk_by_chunk() {
    let buffer: AudioBuffer = [vec![1, 2].into(), vec![3].into()].into_iter().collect();
    let (mut pieces, mut whole) = (Vec::new(), Vec::new());
    write_wav_chunks(&mut pieces, 8_000, buffer.chunks()).unwrap();
    write_wav(&mut whole, 8_000, &[1, 2, 3]).unwrap();
    assert_eq!(pieces, whole);
}

#[test]
fn too_much_audio_is_refused_before_anything_is_written() {
    let chunk = vec![0; 1 << 20];
    let mut bytes = Vec::new();
    let error = write_wav_chunks(&mut bytes, 8_000, std::iter::repeat_n(&chunk, 2_048)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(bytes.is_empty());
}

#[test]
fn files_of_hound_are_read_in_every_width() {
    for (bits, format) in [
        (8, hound::SampleFormat::Int),
        (16, hound::SampleFormat::Int),
        (24, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Float),
    ] {
        let spec = hound::WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: bits, sample_format: format };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for at in -100..100_i32 {
            match format {
                hound::SampleFormat::Int => writer.write_sample(at << (bits - 8)).unwrap(),
                hound::SampleFormat::Float => writer.write_sample(at as f32 / 128.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
        let read = read_wav(file.get_ref()).unwrap();
        assert_eq!((read.sample_rate, read.channels, read.frames()), (44_100, 2, 100));
        for (sample, at) in read.samples.iter().zip(-100..) {
            // A positive float is taken times 0x7fff.
            let near = if format == hound::SampleFormat::Float { 1 } else { 0 };
            assert!((sample - (at << 8)).abs() <= near, "{bits} bits: {sample} for {at}");
        }
    }
}

#[test]
fn each_coding_is_read_for_what_it_is() {
    assert_eq!(samples(1, 8, &[0, 128, 255]), [-32_768, 0, 32_512]);
    assert_eq!(samples(1, 16, &[0x34, 0x12, 0xff, 0xff]), [0x1234, -1]);
    assert_eq!(samples(1, 24, &[0xff, 0x34, 0x12, 0, 0, 0x80]), [0x1234, i16::MIN]);
    assert_eq!(samples(1, 32, &[0xff, 0xff, 0x34, 0x12]), [0x1234]);
    assert_eq!(samples(1, 12, &[0x30, 0x12]), [0x1230]);
    assert_eq!(samples(3, 32, &[-1.0_f32, 2.0, f32::NAN].map(f32::to_le_bytes).concat()), [-32_768, 32_767, 0]);
    assert_eq!(samples(6, 8, &[0xd5, 0x55]), [8, -8]);
    assert_eq!(samples(7, 8, &[0xff, 0x00]), [g711::ulaw_to_linear(0xff), -32_124]);
}

#[test]
fn the_extension_says_the_format() {
    let mut extended = fmt(0xfffe, 2, 48_000, 16);
    extended.extend(22_u16.to_le_bytes()); // length of the extension
    extended.extend(16_u16.to_le_bytes()); // valid bits
    extended.extend(3_u32.to_le_bytes()); // left and right
    extended.extend([1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    let read = read_wav(&file(&[(b"fmt ", &extended), (b"data", &pcm(&[1, 3, 5, 7]))])).unwrap();
    assert_eq!((read.channels, &read.samples[..]), (2, &[1, 3, 5, 7][..]));
    assert_eq!(read.into_mono_at(48_000).unwrap(), [2, 6]);

    let short = file(&[(b"fmt ", &extended[..20]), (b"data", &[])]);
    assert!(matches!(read_wav(&short), Err(AudioError::InvalidWav { .. })));
}

#[test]
fn other_chunks_are_passed_over_with_their_padding() {
    let format = fmt(1, 1, 16_000, 16);
    let odd: &[u8] = b"INFOISFTa";
    let read = read_wav(&file(&[
        (b"JUNK", &[0; 28]),
        (b"fmt ", &format),
        (b"LIST", odd),
        (b"fact", &[2, 0, 0, 0]),
        (b"data", &pcm(&[1, 2])),
        (b"LIST", odd),
    ]));
    assert_eq!(read.unwrap().samples, [1, 2]);
}

#[test]
fn samples_before_their_format_are_read_too() {
    let read = read_wav(&file(&[(b"data", &pcm(&[1, 2])), (b"fmt ", &fmt(1, 1, 16_000, 16))]));
    assert_eq!(read.unwrap().samples, [1, 2]);
}

#[test]
fn lengths_that_cannot_be_true_mean_to_the_end() {
    let mut good = Vec::new();
    write_wav(&mut good, 22_050, &[1, 2, 3]).unwrap();
    // As written to a pipe: nothing known, everything, what espeak-ng says, and a file cut short.
    for (riff, data) in [(0, 0), (u32::MAX, u32::MAX), (0x7fff_f024, 0x7fff_f000), (36 + 600, 600), (36, 0)] {
        let mut streamed = good.clone();
        streamed[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        streamed[40..44].copy_from_slice(&u32::to_le_bytes(data));
        assert_eq!(read_wav(&streamed).unwrap().samples, [1, 2, 3], "{riff:#x} {data:#x}");
    }
}

#[test]
fn a_finished_file_without_audio_has_none() {
    let empty = file(&[(b"fmt ", &fmt(1, 1, 8_000, 16)), (b"data", &[]), (b"LIST", b"INFO")]);
    assert!(read_wav(&empty).unwrap().samples.is_empty());
}

#[test]
fn a_frame_cut_short_is_left_out() {
    let read = read_wav(&file(&[(b"fmt ", &fmt(1, 2, 8_000, 16)), (b"data", &[1, 0, 2, 0, 3, 0, 4])])).unwrap();
    assert_eq!(read.samples, [1, 2]);
}

#[test]
fn an_error_says_what_is_wrong() {
    let data: (&[u8; 4], &[u8]) = (b"data", &[0, 0]);
    for (bytes, message) in [
        (Vec::new(), "not a readable WAV file: it does not begin with RIFF and WAVE"),
        (b"RIFF\x04\0\0\0AVI ".to_vec(), "not a readable WAV file: it does not begin with RIFF and WAVE"),
        (file(&[data]), "not a readable WAV file: it has no fmt chunk"),
        (file(&[(b"fmt ", &fmt(1, 1, 8_000, 16))]), "not a readable WAV file: it has no data chunk"),
        (file(&[(b"fmt ", &[1, 0, 1, 0]), data]), "not a readable WAV file: its fmt chunk is too short"),
        (file(&[(b"fmt ", &fmt(1, 0, 8_000, 16)), data]), "not a readable WAV file: it has no channels"),
        (file(&[(b"fmt ", &fmt(1, 1, 0, 16)), data]), "not a readable WAV file: its sample rate is 0"),
        (file(&[(b"fmt ", &fmt(2, 1, 8_000, 4)), data]), "WAV format 0x0002 with 4 bits per sample is not supported"),
        (file(&[(b"fmt ", &fmt(1, 1, 8_000, 64)), data]), "WAV format 0x0001 with 64 bits per sample is not supported"),
        (file(&[(b"fmt ", &fmt(1, 1, 8_000, 0)), data]), "WAV format 0x0001 with 0 bits per sample is not supported"),
    ] {
        assert_eq!(read_wav(&bytes).unwrap_err().to_string(), message);
    }
}

#[test]
fn an_impossible_rate_is_an_error_only_when_it_is_converted() {
    let read = read_wav(&file(&[(b"fmt ", &fmt(1, 1, u32::MAX, 16)), (b"data", &[1, 0])])).unwrap();
    assert!(read.clone().into_mono_at(u32::MAX).is_ok());
    assert!(matches!(read.into_mono_at(24_000), Err(AudioError::UnsupportedRates { .. })));
}

#[test]
fn no_bytes_break_the_reader() {
    let whole = file(&[(b"LIST", b"INFOISFTa"), (b"fmt ", &fmt(1, 2, 44_100, 24)), (b"data", &[7; 60])]);
    for end in 0..whole.len() {
        let _ = read_wav(&whole[..end]);
    }
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..50_000 {
        let mut broken = whole.clone();
        for _ in 0..random.usize(1..5) {
            let at = random.usize(..broken.len());
            broken[at] = if random.bool() { random.u8(..) } else { 0xff };
        }
        broken.truncate(random.usize(..=broken.len()));
        let _ = read_wav(&broken);
    }
}

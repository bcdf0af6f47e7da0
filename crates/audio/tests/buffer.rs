//! Chunks that share, and the buffer that only grows, checked against a plain vector.

use vivavoce_audio::{AudioBuffer, AudioChunk};

fn buffer(chunks: &[&[i16]]) -> AudioBuffer {
    chunks.iter().map(|&chunk| AudioChunk::from(chunk)).collect()
}

#[test]
fn a_slice_of_a_chunk_shares_its_samples() {
    let chunk = AudioChunk::from(vec![1, 2, 3, 4]);
    let middle = chunk.slice(1..3);
    assert_eq!(middle[..], [2, 3]);
    assert_eq!(middle.as_ptr(), chunk[1..].as_ptr());
    assert_eq!(middle.slice(1..)[..], [3]);
}

#[test]
#[expect(clippy::reversed_empty_ranges)]
fn a_range_outside_a_chunk_is_cut_to_it() {
    let chunk = AudioChunk::from(&[1, 2, 3][..]);
    assert_eq!(chunk.slice(..), chunk);
    assert_eq!(chunk.slice(2..usize::MAX)[..], [3]);
    assert_eq!(chunk.slice(0..=usize::MAX)[..], [1, 2, 3]);
    assert!(chunk.slice(9..12).is_empty());
    assert!(chunk.slice(2..1).is_empty());
    assert!(AudioChunk::default().slice(..5).is_empty());
}

#[test]
fn neither_prints_its_samples() {
    let buffer = buffer(&[&[4711, 4712], &[4713]]);
    assert_eq!(format!("{buffer:?}"), "AudioBuffer { start: 0, end: 3, chunks: 2 }");
    assert_eq!(format!("{:?}", buffer.chunks().next().unwrap()), "AudioChunk(2 samples)");
}

#[test]
fn pushing_moves_nothing_that_is_there() {
    let mut buffer = buffer(&[&[1, 2]]);
    let first = buffer.chunks().next().unwrap().as_ptr();
    for _ in 0..10_000 {
        buffer.push(vec![3].into());
    }
    assert_eq!(buffer.chunks().next().unwrap().as_ptr(), first);
    assert_eq!(buffer.slice(1..).chunks().next().unwrap().as_ptr(), first.wrapping_add(1));
}

#[test]
fn an_empty_chunk_is_not_kept() {
    let mut buffer = AudioBuffer::new();
    buffer.push(AudioChunk::default());
    assert!(buffer.is_empty());
    assert_eq!(buffer.chunks().count(), 0);
}

#[test]
fn positions_stay_when_the_beginning_is_forgotten() {
    let mut buffer = buffer(&[&[0, 1, 2], &[3, 4], &[5]]);
    buffer.drop_front(4);
    assert_eq!((buffer.start(), buffer.end(), buffer.len()), (4, 6, 2));
    assert_eq!(buffer.to_vec(), [4, 5]);
    assert_eq!(buffer.slice_to_vec(0..5), [4]);
    buffer.drop_front(usize::MAX);
    assert_eq!((buffer.start(), buffer.end()), (6, 6));
    buffer.push(vec![6].into());
    assert_eq!(buffer.slice_to_vec(6..), [6]);
    buffer.clear();
    assert_eq!((buffer.start(), buffer.end()), (0, 0));
}

#[test]
fn truncating_before_the_start_moves_it_back() {
    let mut buffer = buffer(&[&[0, 1, 2]]);
    buffer.drop_front(2);
    buffer.truncate(1);
    assert_eq!((buffer.start(), buffer.end()), (1, 1));
    buffer.push(vec![9].into());
    assert_eq!(buffer.slice_to_vec(1..2), [9]);
}

/// The same operations on a vector that holds everything, and the two positions.
#[test]
fn it_does_what_a_plain_vector_would() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..200 {
        let mut buffer = AudioBuffer::new();
        let (mut all, mut start): (Vec<i16>, usize) = (Vec::new(), 0);
        for _ in 0..100 {
            match random.u8(..10) {
                0..6 => {
                    let chunk: Vec<i16> = (0..random.usize(..20)).map(|_| random.i16(..)).collect();
                    all.extend(&chunk);
                    buffer.push(chunk.into());
                }
                6 => {
                    let forget = random.usize(..40);
                    start = (start + forget).min(all.len());
                    buffer.drop_front(forget);
                }
                7 => {
                    let end = random.usize(..all.len() + 10);
                    all.truncate(end);
                    start = start.min(all.len());
                    buffer.truncate(end);
                }
                _ => {
                    let from = random.usize(..all.len() + 10);
                    let to = random.usize(..all.len() + 10);
                    let kept = from.clamp(start, all.len());
                    let expected = &all[kept..to.clamp(kept, all.len())];
                    assert_eq!(buffer.slice_to_vec(from..to), expected);
                    let part = buffer.slice(from..to);
                    assert_eq!(part.to_vec(), expected);
                    assert_eq!((part.start(), part.end()), (0, expected.len()));
                }
            }
            assert_eq!((buffer.start(), buffer.end()), (start, all.len()));
            assert_eq!(buffer.is_empty(), start == all.len());
            assert!(buffer.chunks().all(|chunk| !chunk.is_empty()));
            assert!(buffer.iter().eq(all[start..].iter().copied()));
            assert!(buffer.iter().rev().eq(all[start..].iter().rev().copied()));
        }
    }
}

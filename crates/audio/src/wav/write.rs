//! Mono WAV files of 16 bits, to any writer.
//!
//! `hound` is not used for this: it goes back to the header with the length once all is written, which a socket or a
//! pipe cannot, and here the length is known before.

use std::io::{self, Write};

/// Bytes of the header behind its own length field.
const HEADER: u32 = 36;

/// Writes a mono WAV file of 16 bits at `sample_rate` Hz.
///
/// # Errors
///
/// Those of the writer, and [`InvalidInput`](io::ErrorKind::InvalidInput) for more audio than a WAV file holds (4 GiB),
/// before anything is written.
pub fn write_wav(writer: impl Write, sample_rate: u32, samples: &[i16]) -> io::Result<()> {
    write_wav_chunks(writer, sample_rate, [samples])
}

/// [`write_wav`] for audio in pieces, which need not be copied together first. They are gone through twice.
///
/// # Errors
///
/// As for [`write_wav`].
///
/// ```
/// use vivavoce_audio::{AudioBuffer, SAMPLE_RATE, wav};
///
/// let mut spoken = AudioBuffer::new();
/// spoken.push(vec![1, 2].into());
/// spoken.push(vec![3].into());
/// let mut file = Vec::new();
/// wav::write_wav_chunks(&mut file, SAMPLE_RATE, spoken.chunks())?;
/// assert_eq!(file.len(), 44 + 6);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_wav_chunks<I>(mut writer: impl Write, sample_rate: u32, chunks: I) -> io::Result<()>
where
    I: IntoIterator<Item: AsRef<[i16]>, IntoIter: Clone>,
{
    let chunks = chunks.into_iter();
    let samples: u64 = chunks.clone().map(|chunk| chunk.as_ref().len() as u64).sum();
    let bytes = u32::try_from(samples * 2)
        .ok()
        .filter(|bytes| *bytes <= u32::MAX - HEADER)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "too much audio for a WAV file"))?;
    writer.write_all(&header(sample_rate, bytes))?;
    for chunk in chunks {
        write_samples(&mut writer, chunk.as_ref())?;
    }
    writer.flush()
}

fn header(sample_rate: u32, data_bytes: u32) -> [u8; 44] {
    let mut header = [0; 44];
    let mut fields = header.as_mut_slice();
    for field in [
        b"RIFF".as_slice(),
        &(HEADER + data_bytes).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(), // length of this chunk
        &1_u16.to_le_bytes(),  // integers
        &1_u16.to_le_bytes(),  // channels
        &sample_rate.to_le_bytes(),
        &sample_rate.saturating_mul(2).to_le_bytes(), // bytes per second
        &2_u16.to_le_bytes(),                         // bytes per frame
        &16_u16.to_le_bytes(),                        // bits per sample
        b"data",
        &data_bytes.to_le_bytes(),
    ] {
        // The fields are 44 bytes together.
        let (now, later) = fields.split_at_mut(field.len());
        now.copy_from_slice(field);
        fields = later;
    }
    header
}

fn write_samples(writer: &mut impl Write, samples: &[i16]) -> io::Result<()> {
    if cfg!(target_endian = "little") {
        return writer.write_all(bytemuck::cast_slice(samples));
    }
    let mut swapped = [0_i16; 512];
    for batch in samples.chunks(swapped.len()) {
        let swapped = &mut swapped[..batch.len()];
        swapped.iter_mut().zip(batch).for_each(|(to, from)| *to = from.to_le());
        writer.write_all(bytemuck::cast_slice(swapped))?;
    }
    Ok(())
}

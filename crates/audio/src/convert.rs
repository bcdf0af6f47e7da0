//! Between 16 bit samples and floats, and from several channels to one. No change of rate: that is
//! [`Resampler`](crate::Resampler).

/// A float sample as 16 bits, exactly as the reference client makes it: clamped to -1..=1, negative values times
/// 0x8000, others times 0x7fff, cut toward zero. NaN is 0.
///
/// ```
/// # use vivavoce_audio::convert::f32_to_i16;
/// assert_eq!(f32_to_i16(-1.0), -32_768);
/// assert_eq!(f32_to_i16(1.5), 32_767);
/// ```
pub fn f32_to_i16(sample: f32) -> i16 {
    // In f64, as JavaScript multiplies: in f32 the product could round up to the next integer.
    let sample = f64::from(sample.clamp(-1.0, 1.0));
    (sample * if sample < 0.0 { 32_768.0 } else { 32_767.0 }) as i16
}

/// A 16 bit sample as a float: divided by 0x8000, so from -1 to just under 1.
pub fn i16_to_f32(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

/// [`f32_to_i16`] for many samples.
pub fn f32_slice_to_i16(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|&sample| f32_to_i16(sample)).collect()
}

/// [`i16_to_f32`] for many samples.
pub fn i16_slice_to_f32(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&sample| i16_to_f32(sample)).collect()
}

/// The mean of all channels, cut toward zero, for samples that take turns by channel. A frame that is not whole at the
/// end is left out. No channels at all is taken as one.
///
/// ```
/// # use vivavoce_audio::convert::mix_to_mono;
/// assert_eq!(mix_to_mono(&[10, 20, 30, 50], 2), [15, 40]);
/// ```
pub fn mix_to_mono(interleaved: &[i16], channels: u16) -> Vec<i16> {
    if channels <= 1 {
        return interleaved.to_vec();
    }
    interleaved
        .chunks_exact(channels.into())
        // 65535 channels at full scale are still within an i32.
        .map(|frame| (frame.iter().map(|&sample| i32::from(sample)).sum::<i32>() / i32::from(channels)) as i16)
        .collect()
}

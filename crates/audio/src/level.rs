//! How loud samples are. Whether somebody speaks is not asked here.

/// Full scale: the largest distance from zero that a sample can have.
const FULL: f64 = 32_768.0;

/// The root mean square, 0 (silence, or no samples) to 1 (a square wave at full scale).
pub fn rms(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    // Exact: a square has at most 31 bits, so the sum holds for eight billion samples.
    let sum: u64 = samples.iter().map(|&sample| u64::from(sample.unsigned_abs()).pow(2)).sum();
    ((sum as f64 / samples.len() as f64).sqrt() / FULL) as f32
}

/// The largest distance from zero, 0 (silence, or no samples) to 1.
pub fn peak(samples: &[i16]) -> f32 {
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    (f64::from(peak) / FULL) as f32
}

/// The [root mean square](rms) in decibels relative to full scale: 0 at most, and negative infinity for silence. A sine
/// at full scale has -3.01.
///
/// ```
/// # use vivavoce_audio::level::dbfs;
/// assert_eq!(dbfs(&[i16::MIN; 10]), 0.0);
/// assert_eq!(dbfs(&[]), f32::NEG_INFINITY);
/// ```
pub fn dbfs(samples: &[i16]) -> f32 {
    20.0 * rms(samples).log10()
}

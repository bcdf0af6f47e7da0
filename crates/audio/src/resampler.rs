//! From one sample rate to another, in pieces or at once. One channel; [`convert`](crate::convert) mixes several.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction};

use crate::AudioError;

/// The highest sample rate that is converted, in Hz.
pub const MAX_RATE: u32 = 768_000;

/// How many times the one rate may be the other. The filter grows with it.
pub const MAX_RATIO: u32 = 256;

/// Length of the filter in samples of the lower rate. 128 let pass what is below 0.92 of half that rate and hold what
/// is above the half more than 70 dB down, for a look-ahead of 64 samples (2.7 ms at 24 kHz).
const TAPS: usize = 128;

/// Points of the filter between two samples of the lower rate, where the exact ones would be too many.
const POINTS: usize = 128;

/// At most this many coefficients for a filter that has every point exactly: 1 MiB.
const EXACT_LIMIT: u64 = 1 << 18;

/// Changes the sample rate of a stream.
///
/// The output is in time with the input: the delay of the filter is taken off, sample `k` of the output is the
/// moment `k / to_hz` of the input. The whole stream has `n * to_hz / from_hz` samples, rounded. How the input is cut
/// into calls changes nothing about the output.
///
/// Output comes behind the input by the look-ahead of the filter (64 samples of the lower rate) and at most 5 ms
/// of collected input. Equal rates pass through at once.
#[derive(Debug)]
pub struct Resampler {
    from_hz: u32,
    to_hz: u32,
    /// None where there is nothing to do.
    sinc: Option<Box<Sinc>>,
}

impl Resampler {
    /// A resampler from `from_hz` to `to_hz` samples per second.
    ///
    /// # Errors
    ///
    /// [`AudioError::UnsupportedRates`] if a rate is not in 1..=[`MAX_RATE`], or one is more than [`MAX_RATIO`] times
    /// the other.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, AudioError> {
        let unsupported = AudioError::UnsupportedRates { from_hz, to_hz };
        let (low, high) = (from_hz.min(to_hz), from_hz.max(to_hz));
        if low == 0 || high > MAX_RATE || high > low * MAX_RATIO {
            return Err(unsupported);
        }
        let sinc = match low == high {
            true => None,
            false => Some(Box::new(Sinc::new(from_hz, to_hz).ok_or(unsupported)?)),
        };
        Ok(Self { from_hz, to_hz, sinc })
    }

    /// The rate of the input, in Hz.
    pub fn from_hz(&self) -> u32 {
        self.from_hz
    }

    /// The rate of the output, in Hz.
    pub fn to_hz(&self) -> u32 {
        self.to_hz
    }

    /// Takes samples in, and appends to `out` those that are ready.
    pub fn process(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        match &mut self.sinc {
            None => out.extend_from_slice(samples),
            Some(sinc) => sinc.process(samples, out),
        }
    }

    /// Ends the stream: appends to `out` what is left of it. The next samples begin a new stream.
    pub fn flush(&mut self, out: &mut Vec<i16>) {
        if let Some(sinc) = &mut self.sinc {
            sinc.flush(out);
        }
    }
}

/// All of `samples` at another rate: `samples.len() * to_hz / from_hz` of them, rounded.
///
/// # Errors
///
/// [`AudioError::UnsupportedRates`], as for [`Resampler::new`].
///
/// ```
/// let phone = [0; 800];
/// assert_eq!(vivavoce_audio::resample(&phone, 8_000, 24_000)?.len(), 2_400);
/// # Ok::<(), vivavoce_audio::AudioError>(())
/// ```
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Result<Vec<i16>, AudioError> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut out = Vec::new();
    resampler.process(samples, &mut out);
    resampler.flush(&mut out);
    Ok(out)
}

/// rubato's sinc resampler, fed in blocks of one size, with its delay removed.
#[derive(Debug)]
struct Sinc {
    rubato: Async<f32>,
    from_hz: u32,
    to_hz: u32,
    alignment: Alignment,
    /// Input that waits for the rest of its block.
    block: Vec<f32>,
    block_len: usize,
    /// Where rubato writes.
    scratch: Vec<f32>,
    /// Samples of rubato's output still to be dropped.
    skip: usize,
    taken: u64,
    given: u64,
}

/// What makes the delay a whole number of output samples, so that it can be dropped exactly.
#[derive(Debug, Clone, Copy)]
struct Alignment {
    /// Zeros before the input.
    zeros: usize,
    /// Samples of output that come before the first of the stream.
    delay: usize,
}

impl Sinc {
    fn new(from_hz: u32, to_hz: u32) -> Option<Self> {
        let common = gcd(from_hz, to_hz);
        let (from, to) = (u64::from(from_hz / common), u64::from(to_hz / common));
        // rubato counts its filter in samples of the input, and rounds it up to a multiple of 8.
        let stretch = from.div_ceil(to) as usize;
        let taps = ((TAPS as u64 * from.max(to)).div_ceil(to) as usize).next_multiple_of(8);

        // Output samples fall on `to` different places between two of the input. With a filter for each, one product
        // gives a sample; where they are too many, it is interpolated between four.
        let exact = to * taps as u64 <= EXACT_LIMIT;
        let points = if exact { to as usize } else { POINTS.div_ceil(stretch).max(4) };
        let parameters = SincInterpolationParameters::new(taps, WindowFunction::Blackman2)
            .oversampling_factor(points)
            .interpolation(if exact { SincInterpolationType::Nearest } else { SincInterpolationType::Cubic });

        let block_len = (from_hz as usize / 200).max(16);
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let rubato = Async::new_sinc(ratio, 1.0, &parameters, block_len, 1, FixedAsync::Input).ok()?;
        let alignment = Alignment::new(from, to, taps as u64, points as u64);
        let mut sinc = Self {
            scratch: vec![0.0; rubato.output_frames_max()],
            rubato,
            from_hz,
            to_hz,
            alignment,
            block: Vec::with_capacity(block_len),
            block_len,
            skip: 0,
            taken: 0,
            given: 0,
        };
        sinc.begin();
        Some(sinc)
    }

    fn begin(&mut self) {
        self.rubato.reset();
        self.block.clear();
        self.skip = self.alignment.delay;
        self.taken = 0;
        self.given = 0;
        // Zeros may fill blocks of their own; all that comes of them is delay.
        for _ in 0..self.alignment.zeros {
            self.block.push(0.0);
            self.run_full_block(&mut Vec::new());
        }
    }

    fn process(&mut self, mut samples: &[i16], out: &mut Vec<i16>) {
        self.taken += samples.len() as u64;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.block_len - self.block.len()));
            self.block.extend(now.iter().map(|&sample| f32::from(sample)));
            samples = later;
            self.run_full_block(out);
        }
    }

    fn flush(&mut self, out: &mut Vec<i16>) {
        let (from, to) = (u128::from(self.from_hz), u128::from(self.to_hz));
        let total = ((u128::from(self.taken) * to + from / 2) / from) as u64;
        let before = out.len();
        while self.given < total {
            self.block.resize(self.block_len, 0.0);
            if !self.run_full_block(out) {
                break;
            }
        }
        let surplus = self.given.saturating_sub(total) as usize;
        out.truncate(out.len().saturating_sub(surplus).max(before));
        self.begin();
    }

    /// Gives the block to rubato if it is full; whether it was, and rubato took it.
    fn run_full_block(&mut self, out: &mut Vec<i16>) -> bool {
        if self.block.len() < self.block_len {
            return false;
        }
        let produced = self.run_block();
        self.block.clear();
        let dropped = self.skip.min(produced.unwrap_or(0));
        self.skip -= dropped;
        let fresh = &self.scratch[dropped..produced.unwrap_or(0)];
        self.given += fresh.len() as u64;
        // Half away from zero; the cast saturates.
        out.extend(fresh.iter().map(|&sample| (sample + 0.5_f32.copysign(sample)) as i16));
        produced.is_some()
    }

    /// How many samples rubato wrote. It fails only on buffers of the wrong size, which ours are not.
    fn run_block(&mut self) -> Option<usize> {
        let room = self.scratch.len();
        let input = InterleavedSlice::new(&self.block, 1, self.block_len).ok()?;
        let mut output = InterleavedSlice::new_mut(&mut self.scratch, 1, room).ok()?;
        let (_, produced) = self.rubato.process_into_buffer(&input, &mut output, None).ok()?;
        Some(produced)
    }
}

impl Alignment {
    /// rubato's sample `k` is the moment `(k + 1) * from / to - taps / 2 + 1 / points` of the input. That is a whole
    /// number of output samples late when `(taps / 2 + zeros) * to - to / points` is a multiple of `from`; the
    /// quotient is then the delay plus one. Some `zeros` below `from` does it exactly; for the rates in use `from`
    /// (reduced) is at most 441, and for others the best of 1024 is good to a fraction of a sample.
    fn new(from: u64, to: u64, taps: u64, points: u64) -> Self {
        let late = |zeros: u64| ((taps / 2 + zeros) * to).saturating_sub((to + points / 2) / points);
        let miss = |zeros: &u64| (late(*zeros) % from).min(from - late(*zeros) % from);
        let zeros = (0..from.min(1024)).min_by_key(miss).unwrap_or(0);
        let delay = ((late(zeros) + from / 2) / from).saturating_sub(1);
        Self { zeros: zeros as usize, delay: delay as usize }
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

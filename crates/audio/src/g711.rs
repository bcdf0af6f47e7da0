//! ITU-T G.711: one sample in eight bits, for telephones. One code at a time; for whole deltas there are
//! [`DeltaDecoder`](crate::DeltaDecoder) and [`encode_base64`](crate::encode_base64).
//!
//! Linear values are 16 bit here, as everywhere: G.711's 14 bit mu-law values times 4, and its 13 bit A-law values
//! times 8. The encoders decide as the ITU's reference software does.

/// The linear value of a mu-law code: -32124 to 32124.
pub const fn ulaw_to_linear(code: u8) -> i16 {
    ULAW[code as usize]
}

/// The linear value of an A-law code: -32256 to 32256, never 0.
pub const fn alaw_to_linear(code: u8) -> i16 {
    ALAW[code as usize]
}

/// Moves every mu-law segment to a power of two: 33 in the standard's 14 bits.
const BIAS: i32 = 33 * 4;

/// The mu-law code of a sample. Those beyond the largest code take it.
pub const fn linear_to_ulaw(sample: i16) -> u8 {
    let magnitude = magnitude(sample);
    let biased = if magnitude > 0x7fff - BIAS { 0x7fff } else { magnitude + BIAS };
    // 0x80..=0x7fff: the segment is where the highest bit is.
    let segment = biased.ilog2() as i32 - 7;
    let step = (biased >> (segment + 3)) & 0x0f;
    let sign = if sample < 0 { 0x80 } else { 0 };
    // All bits are sent inverted, so that a silent line is not all zeros.
    !(sign | (segment << 4) | step) as u8
}

/// The A-law code of a sample.
pub const fn linear_to_alaw(sample: i16) -> u8 {
    let magnitude = magnitude(sample);
    let (segment, step) = if magnitude < 0x100 {
        (0, magnitude >> 4)
    } else {
        let segment = magnitude.ilog2() as i32 - 7;
        (segment, (magnitude >> (segment + 3)) & 0x0f)
    };
    let sign = if sample < 0 { 0 } else { 0x80 };
    // Every second bit is sent inverted.
    (sign | (segment << 4) | step) as u8 ^ 0x55
}

/// How far from zero, counting negative values from -1: the ones' complement of the reference software.
const fn magnitude(sample: i16) -> i32 {
    (if sample < 0 { !sample } else { sample }) as i32
}

const fn expand_ulaw(code: u8) -> i16 {
    let code = !code as i32;
    let segment = (code >> 4) & 0x07;
    let value = ((((code & 0x0f) << 3) + BIAS) << segment) - BIAS;
    (if code & 0x80 != 0 { -value } else { value }) as i16
}

const fn expand_alaw(code: u8) -> i16 {
    let code = (code ^ 0x55) as i32;
    let segment = (code >> 4) & 0x07;
    // The middle of the step.
    let within = ((code & 0x0f) << 4) + 8;
    let value = if segment == 0 { within } else { (within + 0x100) << (segment - 1) };
    (if code & 0x80 != 0 { value } else { -value }) as i16
}

static ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_ulaw(code as u8);
        code += 1;
    }
    table
};

static ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_alaw(code as u8);
        code += 1;
    }
    table
};

//! What models cost: a table to be replaced, and what a session has cost by it.

use vivavoce_protocol::{TranscriptionUsage, Usage};

use crate::accounting::{TokenCounts, count_response, count_transcription};

/// US dollars for a million tokens of a model that speaks.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelPrices {
    /// The model. Dated versions of it (`gpt-realtime-2025-08-28`) cost the same, unless they have a row of their own.
    pub model: String,
    /// What it reads: text, audio, image.
    pub input: [f64; 3],
    /// The same where it comes from the cache.
    pub cached: [f64; 3],
    /// What it makes: text, audio.
    pub output: [f64; 2],
}

/// US dollars for a transcription model: by tokens, by the minute, or both.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TranscriptionPrices {
    /// The model.
    pub model: String,
    /// For a million tokens it hears: text, audio.
    pub input: [f64; 2],
    /// For a million tokens it writes.
    pub output: f64,
    /// For a minute of audio.
    pub minute: f64,
}

/// A table of prices.
///
/// The default is the vendor's price list as we knew it at its [`date`](Self::date). It was not looked up for this
/// release, and vendors change prices: replace it where money matters.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prices {
    /// When the prices were valid, such as `2025-09`.
    pub date: String,
    /// The models that speak.
    pub models: Vec<ModelPrices>,
    /// The models that transcribe.
    pub transcription: Vec<TranscriptionPrices>,
}

/// What a session has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Cost {
    /// US dollars, an estimate: usage as the service told it, times the table of prices.
    pub usd: f64,
    /// Responses and transcriptions whose model has no price in the table: they are not in it.
    pub unpriced: u64,
}

impl ModelPrices {
    /// A row of the table: for text, audio and image read, the same from the cache, and for text and audio made.
    pub fn new(model: impl Into<String>, input: [f64; 3], cached: [f64; 3], output: [f64; 2]) -> Self {
        Self { model: model.into(), input, cached, output }
    }
}

impl TranscriptionPrices {
    /// A row of the table: by tokens heard (text, audio) and written, and by the minute.
    pub fn new(model: impl Into<String>, input: [f64; 2], output: f64, minute: f64) -> Self {
        Self { model: model.into(), input, output, minute }
    }
}

impl Prices {
    /// A table without a row, of this date.
    pub fn new(date: impl Into<String>) -> Self {
        Self { date: date.into(), models: Vec::new(), transcription: Vec::new() }
    }

    /// The row of a model, or of the model it is a dated version of.
    pub fn of_model(&self, model: &str) -> Option<&ModelPrices> {
        find(&self.models, model, |row| &row.model)
    }

    /// The row of a transcription model.
    pub fn of_transcription(&self, model: &str) -> Option<&TranscriptionPrices> {
        find(&self.transcription, model, |row| &row.model)
    }

    pub(crate) fn response(&self, model: &str, usage: &Usage) -> Option<f64> {
        let row = self.of_model(model)?;
        let (input, cached, output) = count_response(usage);
        // What came from the cache is counted in the input as well. A kind that is not told costs as text.
        let fresh = |all: u64, cached: u64| all.saturating_sub(cached) as f64;
        let tokens = [
            (fresh(input.text + input.other, cached.text + cached.other), row.input[0]),
            (fresh(input.audio, cached.audio), row.input[1]),
            (fresh(input.image, cached.image), row.input[2]),
            ((cached.text + cached.other) as f64, row.cached[0]),
            (cached.audio as f64, row.cached[1]),
            (cached.image as f64, row.cached[2]),
            ((output.text + output.other) as f64, row.output[0]),
            (output.audio as f64, row.output[1]),
        ];
        Some(per_million(&tokens))
    }

    pub(crate) fn transcription(&self, model: &str, usage: &TranscriptionUsage) -> Option<f64> {
        let row = self.of_transcription(model)?;
        let (heard, written, seconds): (TokenCounts, u64, f64) = count_transcription(usage);
        let tokens = [
            ((heard.text + heard.other) as f64, row.input[0]),
            (heard.audio as f64, row.input[1]),
            (written as f64, row.output),
        ];
        Some(per_million(&tokens) + seconds / 60.0 * row.minute)
    }
}

fn per_million(tokens: &[(f64, f64)]) -> f64 {
    tokens.iter().map(|(count, price)| count * price).sum::<f64>() / 1e6
}

/// The row of this very name, else the longest name that a date is appended to.
fn find<'t, T>(rows: &'t [T], model: &str, name: impl Fn(&T) -> &String) -> Option<&'t T> {
    let dated = |row: &&T| {
        let version = model.strip_prefix(name(row).as_str()).and_then(|rest| rest.strip_prefix('-'));
        version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()) && version.len() >= 8)
    };
    rows.iter().find(|row| name(row) == model).or_else(|| rows.iter().filter(dated).max_by_key(|row| name(row).len()))
}

/// The vendor's price list of September 2025.
impl Default for Prices {
    fn default() -> Self {
        let large = ([4.0, 32.0, 5.0], [0.4, 0.4, 0.5], [16.0, 64.0]);
        let small = ([0.6, 10.0, 0.8], [0.06, 0.3, 0.08], [2.4, 20.0]);
        let row = |model, (input, cached, output)| ModelPrices::new(model, input, cached, output);
        Self {
            date: "2025-09".to_owned(),
            models: vec![
                row("gpt-realtime", large),
                row("gpt-realtime-mini", small),
                row("gpt-4o-realtime-preview", ([5.0, 40.0, 0.0], [2.5, 2.5, 0.0], [20.0, 80.0])),
                row("gpt-4o-mini-realtime-preview", ([0.6, 10.0, 0.0], [0.3, 0.3, 0.0], [2.4, 20.0])),
            ],
            transcription: vec![
                TranscriptionPrices::new("whisper-1", [0.0, 0.0], 0.0, 0.006),
                TranscriptionPrices::new("gpt-4o-transcribe", [2.5, 6.0], 10.0, 0.0),
                TranscriptionPrices::new("gpt-4o-mini-transcribe", [1.25, 3.0], 5.0, 0.0),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dated_model_costs_what_the_model_costs_and_another_one_nothing_known() {
        let prices = Prices::default();
        let name = |model| prices.of_model(model).map(|row| row.model.as_str());
        assert_eq!(name("gpt-realtime-2025-08-28"), Some("gpt-realtime"));
        assert_eq!(name("gpt-realtime-mini-2025-10-06"), Some("gpt-realtime-mini"));
        assert_eq!(name("gpt-realtime-2"), None);
        assert_eq!(name("my-deployment"), None);
    }
}

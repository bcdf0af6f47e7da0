//! Numbers out of many rounds.

use std::time::Duration;

/// The best and the median of the rounds, in milliseconds.
pub(crate) struct Summary {
    pub(crate) best_ms: f64,
    pub(crate) median_ms: f64,
}

impl Summary {
    pub(crate) fn of(mut rounds: Vec<Duration>) -> Self {
        rounds.sort_unstable();
        let ms = |at: usize| rounds.get(at).copied().unwrap_or_default().as_secs_f64() * 1e3;
        Self { best_ms: ms(0), median_ms: ms(rounds.len() / 2) }
    }
}

/// Prints an object as JSON or as lines of `name value`.
pub(crate) fn print(report: &serde_json::Value, json: bool) {
    match report {
        serde_json::Value::Object(fields) if !json => {
            for (name, value) in fields {
                println!("{name:<28} {value}");
            }
        }
        report => println!("{report}"),
    }
}

/// Three decimals are more than the noise allows.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

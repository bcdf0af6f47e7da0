//! The tables of ERRORS.md say what the crate says.

use vivavoce::{Advice, Close, advice};

const DOCUMENT: &str = include_str!("../../ERRORS.md");

fn row(name: &str, advice: Advice) -> String {
    let retry = if advice.retry { "yes" } else { "no" };
    format!("| `{name}` | {} | {retry} | {} |", advice.actor.as_str(), advice.text)
}

/// The rows that the document has to have, and no others.
fn rows() -> Vec<String> {
    let codes = advice::CODES.iter().map(|(code, advice)| row(code, *advice));
    let closes = [3000, 4000, 1013, 1001, 1000, 1008, 1009, 1011, 1012]
        .map(|code| row(&code.to_string(), Close { code: Some(code), ..Close::default() }.advice()));
    let lost = row("none", Close::default().advice());
    let statuses =
        [400, 401, 403, 404, 408, 429, 500, 503].map(|status| row(&status.to_string(), Advice::for_status(status)));
    codes.chain(closes).chain([lost]).chain(statuses).collect()
}

#[test]
fn the_document_has_the_row_of_every_code_close_and_status() {
    let document: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(document, rows());
}

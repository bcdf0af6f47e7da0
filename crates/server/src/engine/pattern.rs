//! A text that matches a regular expression, for the simple expressions people write into schemas.

use std::iter::Peekable;
use std::str::Chars;

/// At most so many repetitions and nested groups: a schema is the client's.
const MAX_REPEAT: usize = 256;
const MAX_DEPTH: usize = 8;
const MAX_LENGTH: usize = 4096;

/// The shortest simple text that matches `pattern`; `None` where the expression is beyond literals, classes, groups,
/// alternatives and repetition.
pub(super) fn example(pattern: &str) -> Option<String> {
    let mut chars = pattern.chars().peekable();
    let text = alternatives(&mut chars, 0)?;
    chars.next().is_none().then_some(text)
}

type Source<'a> = Peekable<Chars<'a>>;

/// The first of `a|b|c`, up to the end or a closing parenthesis.
fn alternatives(chars: &mut Source<'_>, depth: usize) -> Option<String> {
    let first = sequence(chars, depth)?;
    while chars.next_if_eq(&'|').is_some() {
        sequence(chars, depth)?;
    }
    Some(first)
}

fn sequence(chars: &mut Source<'_>, depth: usize) -> Option<String> {
    let mut text = String::new();
    while let Some(&next) = chars.peek() {
        if matches!(next, '|' | ')') {
            break;
        }
        chars.next();
        let atom = match next {
            '^' | '$' => continue,
            '(' if depth < MAX_DEPTH => {
                if chars.next_if_eq(&'?').is_some() {
                    // Only groups that do not capture; looking around is beyond this.
                    chars.next_if_eq(&':')?;
                }
                let group = alternatives(chars, depth + 1)?;
                chars.next_if_eq(&')')?;
                group
            }
            '[' => class(chars)?.to_string(),
            '\\' => escaped(chars.next()?)?.to_string(),
            '.' => "a".to_owned(),
            '(' | '*' | '+' | '?' | '{' => return None,
            literal => literal.to_string(),
        };
        let times = repetitions(chars)?;
        if text.len() + atom.len() * times > MAX_LENGTH {
            return None;
        }
        text.push_str(&atom.repeat(times));
    }
    Some(text)
}

/// A character of a class; `[` has been read.
fn class(chars: &mut Source<'_>) -> Option<char> {
    if chars.next_if_eq(&'^').is_some() {
        let mut excluded = Vec::new();
        loop {
            match chars.next()? {
                ']' => break,
                '\\' => excluded.push(chars.next()?),
                other => excluded.push(other),
            }
        }
        return ['a', 'A', '0', '_'].into_iter().find(|candidate| !excluded.contains(candidate));
    }
    let first = match chars.next()? {
        '\\' => escaped(chars.next()?)?,
        other => other,
    };
    while chars.next()? != ']' {}
    Some(first)
}

fn escaped(escape: char) -> Option<char> {
    match escape {
        'd' => Some('0'),
        'w' => Some('a'),
        's' => Some(' '),
        'D' | 'S' => Some('a'),
        letter if letter.is_ascii_alphanumeric() => None,
        literal => Some(literal),
    }
}

/// How often the atom before is wanted at least; once without a quantifier.
fn repetitions(chars: &mut Source<'_>) -> Option<usize> {
    let times = match chars.peek() {
        Some('*' | '?') => 0,
        Some('+') => 1,
        Some('{') => {
            chars.next();
            let mut count = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                count.push(digit);
            }
            while *chars.peek()? != '}' {
                chars.next();
            }
            count.parse().ok().filter(|count| *count <= MAX_REPEAT)?
        }
        _ => return Some(1),
    };
    chars.next();
    // Lazy repetition matches the same.
    let _ = chars.next_if_eq(&'?');
    Some(times)
}

#[cfg(test)]
mod tests {
    use super::example;

    #[test]
    fn simple_patterns_get_a_text_that_matches() {
        for (pattern, text) in [
            ("^[A-Z]{3}-\\d{4}$", "AAA-0000"),
            ("^(yes|no)$", "yes"),
            ("^\\+?[0-9]{2,5}$", "00"),
            ("[^a]b", "Ab"),
            ("^(?:ab)+\\.c*$", "ab."),
        ] {
            assert_eq!(example(pattern).as_deref(), Some(text), "{pattern}");
        }
    }

    #[test]
    fn patterns_beyond_it_get_none() {
        for pattern in ["(?=a)", "a{9999}", "[", "(", "\\b", "*"] {
            assert_eq!(example(pattern), None, "{pattern}");
        }
    }
}

//! Standard input: each line is a turn, and a blank one is Enter, which stops the assistant.

use std::io::{self, BufRead, BufReader, IsTerminal, Read};

use tokio::sync::mpsc;

/// Lines read ahead of the conversation.
const READ_AHEAD: usize = 16;

/// What the user typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Line(String),
    Enter,
}

/// The lines of standard input, from a person or from a pipe.
pub(super) struct TypedLines {
    lines: mpsc::Receiver<Typed>,
    /// A person types them.
    person: bool,
    /// A line that came while the assistant answered: the next turn.
    held: Option<String>,
}

/// What the user did while the assistant answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Interjection {
    /// Pressed Enter.
    Enter,
    /// Typed the next turn.
    Turn,
}

impl TypedLines {
    /// Reads standard input on a thread of its own, which may hang there for ever: it does not keep the process.
    pub(super) fn read() -> Self {
        let (send, lines) = mpsc::channel(READ_AHEAD);
        std::thread::spawn(move || read_into(&send, io::stdin()));
        Self { lines, person: io::stdin().is_terminal(), held: None }
    }

    pub(super) const fn by_person(&self) -> bool {
        self.person
    }

    /// A line is there already.
    pub(super) const fn has_next(&self) -> bool {
        self.held.is_some()
    }

    /// What comes next, `None` at the end. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Typed> {
        match self.held.take() {
            Some(line) => Some(Typed::Line(line)),
            None => self.lines.recv().await,
        }
    }

    /// What the user does while the assistant answers. Who writes into a pipe waits for the answer: only a person's line
    /// is one. Nothing is lost when the future is dropped.
    pub(super) async fn interjection(&mut self) -> Interjection {
        while self.held.is_none() {
            match self.lines.recv().await {
                Some(Typed::Enter) => return Interjection::Enter,
                Some(Typed::Line(line)) => {
                    self.held = Some(line);
                    if self.person {
                        return Interjection::Turn;
                    }
                }
                None => break,
            }
        }
        std::future::pending().await
    }
}

/// A terminal gives one line at a time. A blank line that came along with the one before it, as in a file, is a gap
/// between turns and nobody's Enter.
fn read_into(send: &mpsc::Sender<Typed>, input: impl Read) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        let came_along = !input.buffer().is_empty();
        line.clear();
        if !matches!(input.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            return;
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        let typed = match text.is_empty() {
            true if came_along => continue,
            true => Typed::Enter,
            false => Typed::Line(text),
        };
        if send.blocking_send(typed).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// What came so far, from a person or from a pipe.
    fn lines(person: bool, typed: &[&str]) -> (TypedLines, mpsc::Sender<Typed>) {
        let (send, lines) = mpsc::channel(READ_AHEAD);
        for line in typed {
            let typed = if line.is_empty() { Typed::Enter } else { Typed::Line((*line).to_owned()) };
            send.try_send(typed).expect("there is room");
        }
        (TypedLines { lines, person, held: None }, send)
    }

    /// Gives one piece for each read, as terminals and slow pipes do.
    struct Pieces(Vec<&'static str>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            self.0.remove(0).as_bytes().read(buffer)
        }
    }

    fn read(pieces: &[&'static str]) -> Vec<Typed> {
        let (send, mut lines) = mpsc::channel(READ_AHEAD);
        read_into(&send, Pieces(pieces.to_vec()));
        std::iter::from_fn(|| lines.try_recv().ok()).collect()
    }

    #[test]
    fn a_blank_line_is_enter_when_it_comes_alone_and_a_gap_behind_others() {
        let line = |text: &str| Typed::Line(text.to_owned());
        assert_eq!(read(&["one\n\n  \ntwo, unended"]), [line("one"), line("two, unended")]);
        assert_eq!(read(&["one\n", "\n", " \r\n", "two\n"]), [line("one"), Typed::Enter, Typed::Enter, line("two")]);
        assert_eq!(read(&["\ntwo\n"]), [Typed::Enter, line("two")]);
    }

    #[test]
    fn a_line_of_a_person_interrupts_and_is_the_next_turn() {
        let (mut typed, _open) = lines(true, &["stop", ""]);
        assert_eq!(typed.interjection().now_or_never(), Some(Interjection::Turn));
        assert_eq!(typed.interjection().now_or_never(), None, "one at a time");
        assert_eq!(typed.next().now_or_never(), Some(Some(Typed::Line("stop".to_owned()))));
        assert_eq!(typed.interjection().now_or_never(), Some(Interjection::Enter));
    }

    #[test]
    fn a_line_of_a_pipe_waits_for_the_answer_and_enter_does_not() {
        let (mut typed, closed) = lines(false, &["", "next"]);
        assert_eq!(typed.interjection().now_or_never(), Some(Interjection::Enter));
        assert_eq!(typed.interjection().now_or_never(), None);
        assert_eq!(typed.next().now_or_never(), Some(Some(Typed::Line("next".to_owned()))));
        drop(closed);
        assert_eq!(typed.interjection().now_or_never(), None, "the end is no interjection");
        assert_eq!(typed.next().now_or_never(), Some(None));
    }
}

//! Each event of the server once lost, once said twice, once late: the conversation is the server's all the same, or
//! an event has named the difference.

use std::time::Duration;

use serde_json::json;
use vivavoce_protocol::{
    ContentPart, Dialect, FunctionTool, Item, Modality, RealtimeSession, ResponseParams, Role, TurnDetection,
};
use vivavoce_session::{Diagnostic, Event, SessionMachine};

use super::Pair;
use super::pair::{BOTH, silence, speech};
use super::scrambled::{Scramble, kind};

/// What happens to the frame with this number.
#[derive(Clone, PartialEq)]
pub(crate) struct Fault {
    what: What,
    at: usize,
    seen: usize,
    /// A frame that comes later.
    pub(crate) held: Option<String>,
    /// What it happened to: the type, and that of the one it changed places with.
    to: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Lost,
    Twice,
    /// Behind the next one.
    Late,
}

impl Fault {
    fn new(what: What, at: usize) -> Self {
        Self { what, at, seen: 0, held: None, to: Vec::new() }
    }

    pub(crate) fn apply(&mut self, frame: String) -> Vec<String> {
        let number = self.seen;
        self.seen += 1;
        if number == self.at {
            self.to.push(kind(&frame));
        }
        match self.what {
            What::Lost if number == self.at => Vec::new(),
            What::Twice if number == self.at => vec![frame.clone(), frame],
            What::Late if number == self.at => {
                self.held = Some(frame);
                Vec::new()
            }
            What::Late => match self.held.take() {
                Some(held) => {
                    self.to.push(kind(&frame));
                    vec![frame, held]
                }
                None => vec![frame],
            },
            _ => vec![frame],
        }
    }
}

type Flow = fn(&mut Pair);

/// What goes on in a session, each a test. Whatever is lost, each goes to its end.
macro_rules! flows {
    ($($flow:ident)*) => {
        $(
            #[test]
            fn $flow() {
                whatever_is_lost_twice_or_late(super::$flow);
            }
        )*
    };
}

mod the_conversation_is_the_servers_or_the_difference_has_a_name_after {
    use super::whatever_is_lost_twice_or_late;

    flows! { text_turns turns_by_hand spoken_turns an_interruption tools items a_response_beside }
}

fn text_turns(pair: &mut Pair) {
    let text = RealtimeSession::new().output_modalities(Modality::Text);
    pair.ask(|client| client.update_session(text));
    for said in ["One", "Two"] {
        pair.ask(|client| client.send_user_message(said));
    }
}

fn turns_by_hand(pair: &mut Pair) {
    for _ in 0..2 {
        pair.ask(|client| client.append_input_audio(&speech()[..9_600]));
        pair.ask(SessionMachine::commit_input_audio);
        pair.wait(Duration::from_secs(11));
    }
    pair.ask(|client| client.append_input_audio(&[1; 2_400]));
    pair.ask(SessionMachine::clear_input_audio);
    pair.ask(|client| client.create_response(None));
}

fn spoken_turns(pair: &mut Pair) {
    let session = RealtimeSession::new().transcription(Some("whisper-1"));
    pair.ask(|client| client.update_session(session.turn_detection(Some(TurnDetection::server_vad()))));
    // Just enough of either.
    pair.stream(&[&speech()[..14_400], &silence(700)].concat());
    pair.settle();
}

fn an_interruption(pair: &mut Pair) {
    pair.client.send_user_message("Well?").unwrap();
    pair.pass();
    pair.play(5);
    pair.pass();
    pair.wait(Duration::from_millis(300));
    pair.play(2);
    pair.client.interrupt();
    pair.settle();
    pair.ask(|client| client.send_user_message("And now?"));
}

fn tools(pair: &mut Pair) {
    let tool = FunctionTool::define("weather", "Tells it.", json!({"type": "object"}));
    pair.ask(|client| client.update_session(RealtimeSession::new().output_modalities(Modality::Text)));
    pair.ask(|client| client.add_tool(tool, false));
    pair.ask(|client| client.send_user_message("weather"));
    let called = pair.events.iter().find_map(|event| match event {
        Event::ToolCalled(call) => Some(call.call_id.clone()),
        _ => None,
    });
    if let Some(call) = called {
        pair.ask(|client| client.answer_call(&call, "sunny", None));
    }
}

fn items(pair: &mut Pair) {
    let named = |id: &str| {
        let mut item = Item::message(Role::System, [ContentPart::input_text(id)]);
        item.set_id(id.into());
        item
    };
    for (id, previous) in [("b", None), ("a", Some("root")), ("c", Some("b"))] {
        pair.ask(|client| client.create_item(named(id), previous.map(Into::into)));
    }
    pair.ask(|client| client.delete_item(&"b".into()));
    pair.ask(|client| client.retrieve_item(&"c".into()));
    pair.ask(|client| client.create_item(named("b"), None));
}

fn a_response_beside(pair: &mut Pair) {
    let aside = ResponseParams::out_of_band().output_modalities(Modality::Text).instructions("Say exactly: Aside.");
    pair.client.send_user_message("Hello").unwrap();
    pair.ask(|client| client.respond(Some(aside)));
}

/// Plays a flow with a fault. Answers how many frames there were.
fn play(dialect: Dialect, flow: Flow, what: What, at: usize) -> (usize, Outcome) {
    let mut pair = Pair::new(dialect);
    // Short answers: there is a play for each of their events.
    pair.ask(|client| client.update_session(RealtimeSession::new().instructions("Say exactly: Yes, it is.")));
    pair.scramble(Scramble::Once(Fault::new(what, at)));
    flow(&mut pair);
    pair.settle();
    let Scramble::Once(fault) = pair.unscramble() else { unreachable!("it was this one") };
    // Everything that is owed is given up.
    for _ in 0..8 {
        pair.wait(Duration::from_secs(10));
        pair.settle();
    }
    let named = pair.events.iter().any(names_a_difference);
    let to = fault.to.join(", ");
    // Of sound nothing tells what is missing, or its order: the API has no sum of it.
    let sound = fault.to.iter().filter(|kind| is_sound(kind)).count();
    let excused = match what {
        What::Lost => sound > 0,
        What::Late => sound > 1,
        What::Twice => false,
    };
    let differences = pair.differences(|ours, theirs| excused && ours.is_but_for_sound(theirs));
    (fault.seen, Outcome { to, named, differences })
}

struct Outcome {
    to: String,
    named: bool,
    differences: Vec<String>,
}

fn is_sound(kind: &str) -> bool {
    matches!(kind, "response.output_audio.delta" | "response.audio.delta")
}

fn names_a_difference(event: &Event) -> bool {
    match event {
        Event::Diagnostic(note) => !matches!(**note, Diagnostic::Race(_) | Diagnostic::Repeated(_)),
        Event::Error(_) => true,
        _ => false,
    }
}

fn whatever_is_lost_twice_or_late(flow: Flow) {
    for dialect in BOTH {
        let (frames, calm) = play(dialect, flow, What::Lost, usize::MAX);
        assert!(calm.differences.is_empty() && !calm.named, "{dialect:?}: {:?}", calm.differences);
        assert!(frames > 5, "{dialect:?}: something goes on, not only {frames} frames");
        for what in [What::Lost, What::Twice, What::Late] {
            let mut at = 0;
            loop {
                let (frames, Outcome { to, named, differences }) = play(dialect, flow, what, at);
                let all = differences.join("\n");
                assert!(differences.is_empty() || named, "{dialect:?}: {to} {what:?} ({at}): {all}");
                assert!(what != What::Twice || differences.is_empty(), "{dialect:?}: {to} {what:?} ({at}): {all}");
                at += 1;
                if at >= frames {
                    break;
                }
            }
        }
    }
}

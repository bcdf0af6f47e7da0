//! What the built-in engine says, as pieces that a test hands on when it likes.

use std::collections::VecDeque;

use vivavoce_server::machine::{Job, JobId};
use vivavoce_server::{BuiltIn, EngineEvent, EngineRequest, Reply, synthetic_speech};

/// Samples of a piece of speech: 200 ms at 24 kHz.
const PIECE: usize = 4_800;

/// The pieces that responses in progress have yet to say, in turn.
#[derive(Default)]
pub(crate) struct Engine {
    pieces: VecDeque<(JobId, EngineEvent)>,
}

impl Engine {
    pub(crate) fn order(&mut self, job: Job) {
        match job {
            Job::Respond { id, request } => self.pieces.extend(pieces(&request).into_iter().map(|piece| (id, piece))),
            Job::Transcribe { id, .. } => {
                self.pieces
                    .extend([(id, EngineEvent::Transcript("I heard that.".to_owned())), (id, EngineEvent::Done)]);
            }
            Job::Translate { id, .. } => self.pieces.push_back((id, EngineEvent::Done)),
            Job::Hear { .. } | Job::EndOfAudio { .. } => {}
            Job::Cancel { id } => self.pieces.retain(|(job, _)| *job != id),
            Job::ListTools { .. } | Job::CallTool { .. } => {}
        }
    }

    pub(crate) fn next(&mut self) -> Option<(JobId, EngineEvent)> {
        self.pieces.pop_front()
    }

    pub(crate) fn forget(&mut self) {
        self.pieces.clear();
    }
}

fn pieces(request: &EngineRequest) -> Vec<EngineEvent> {
    let replies = BuiltIn::reply(request).into_iter().flat_map(|reply| match reply {
        Reply::Call { name, arguments } => vec![EngineEvent::FunctionCall(name), EngineEvent::Arguments(arguments)],
        Reply::McpCall { server_label, name, arguments } => {
            vec![EngineEvent::McpCall { server_label, name }, EngineEvent::Arguments(arguments)]
        }
        Reply::Words(text) if request.spoken => {
            let mut words = text.split_inclusive(' ').map(|word| EngineEvent::Transcript(word.to_owned()));
            let speech = synthetic_speech(&text, &request.voice, request.speed);
            let mut pieces = Vec::new();
            for samples in speech.chunks(PIECE) {
                pieces.extend(words.next());
                pieces.push(EngineEvent::Audio(samples.into()));
            }
            pieces.extend(words);
            pieces
        }
        Reply::Words(text) => text.split_inclusive(' ').map(|word| EngineEvent::Text(word.to_owned())).collect(),
    });
    replies.chain([EngineEvent::Done]).collect()
}

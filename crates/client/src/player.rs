//! The model's speech on its way to a speaker.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use vivavoce_audio::AudioChunk;
use vivavoce_protocol::ItemId;
use vivavoce_session::{Delta, Event, SessionMachine};

use crate::client::Shared;

/// Samples that wait to be played; what comes beyond is not played. An hour at 24 kHz.
const MOST: usize = 3_600 * 24_000;

/// Everything the model says from now on, for a speaker to play, at the rate of the session's output format (24 kHz mono
/// unless G.711).
///
/// Whoever plays takes samples with [`fill`](Self::fill), and the session knows from that how much was heard. When the
/// user interrupts, what was not taken is dropped at once. One player for a client: two would both report.
///
/// ```no_run
/// # fn play(client: &vivavoce::RealtimeClient) {
/// let player = client.player();
/// // In the callback of the audio device:
/// let mut output = [0_i16; 480];
/// let _samples_of_speech = player.fill(&mut output);
/// # }
/// ```
pub struct Player {
    queue: Arc<Mutex<Queue>>,
    shared: Weak<Shared>,
}

#[derive(Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    waiting: usize,
    /// What was taken last, and is played by the time more is asked for.
    taken: Vec<(ItemId, usize, u64)>,
    /// The session was told what was played.
    has_reported: bool,
    /// How much was taken of the part that was taken from last.
    part: Option<(ItemId, usize, u64)>,
}

struct Piece {
    item_id: ItemId,
    content_index: usize,
    samples: AudioChunk,
}

impl Player {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let queue = Arc::<Mutex<Queue>>::default();
        let weak = Arc::downgrade(&queue);
        shared.watch(move |event| match weak.upgrade() {
            Some(queue) => {
                lock(&queue).note(event);
                false
            }
            None => true,
        });
        Self { queue, shared: Arc::downgrade(shared) }
    }

    /// Fills `output` with the next samples, and with silence where there are none. Returns how many samples are speech.
    ///
    /// What the last call returned counts as played now: call it when that has left the device's buffer, or as near to
    /// that as you can. Takes a lock: where a callback must never wait, put a buffer between.
    pub fn fill(&self, output: &mut [i16]) -> usize {
        let (filled, played) = {
            let mut queue = lock(&self.queue);
            let played = std::mem::take(&mut queue.taken);
            (queue.fill(output), played)
        };
        output[filled..].fill(0);
        if !played.is_empty()
            && let Some(shared) = self.shared.upgrade()
        {
            lock(&self.queue).has_reported = true;
            for (item_id, content_index, samples) in played {
                shared.with_session(|session| session.report_played(&item_id, content_index, samples));
            }
        }
        filled
    }

    /// Samples that wait to be played.
    pub fn waiting_samples(&self) -> usize {
        lock(&self.queue).waiting
    }
}

impl Queue {
    fn note(&mut self, event: &Event) {
        match event {
            Event::ItemUpdated { item_id, delta: Some(Delta::Audio { content_index, samples }) }
                if self.waiting + samples.len() <= MOST =>
            {
                self.waiting += samples.len();
                let (item_id, samples) = (item_id.clone(), samples.clone());
                self.pieces.push_back(Piece { item_id, content_index: *content_index, samples });
            }
            Event::Interrupted(interruption) if interruption.stops_playback => self.keep(|_| false),
            Event::Interrupted(interruption) => {
                self.keep(|id| interruption.items.iter().all(|item| item.item_id != *id));
            }
            Event::ItemDeleted(deleted) => self.keep(|id| id != deleted),
            _ => {}
        }
    }

    fn keep(&mut self, keeps: impl Fn(&ItemId) -> bool) {
        self.pieces.retain(|piece| keeps(&piece.item_id));
        self.waiting = self.pieces.iter().map(|piece| piece.samples.len()).sum();
    }

    fn fill(&mut self, output: &mut [i16]) -> usize {
        let mut filled = 0;
        while filled < output.len()
            && let Some(piece) = self.pieces.front_mut()
        {
            let count = piece.samples.len().min(output.len() - filled);
            output[filled..filled + count].copy_from_slice(&piece.samples[..count]);
            filled += count;
            match &mut self.part {
                Some((item_id, index, taken)) if *item_id == piece.item_id && *index == piece.content_index => {
                    *taken += count as u64;
                }
                part => {
                    self.taken.extend(part.take());
                    *part = Some((piece.item_id.clone(), piece.content_index, count as u64));
                }
            }
            piece.samples = piece.samples.slice(count..);
            if piece.samples.is_empty() {
                self.pieces.pop_front();
            }
        }
        self.waiting -= filled;
        if filled > 0 {
            self.taken.extend(self.part.clone());
        }
        filled
    }
}

/// The clock estimates again what is played.
impl Drop for Player {
    fn drop(&mut self) {
        if lock(&self.queue).has_reported
            && let Some(shared) = self.shared.upgrade()
        {
            shared.with_session(SessionMachine::estimate_playback);
        }
    }
}

impl fmt::Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player").field("waiting_samples", &self.waiting_samples()).finish_non_exhaustive()
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

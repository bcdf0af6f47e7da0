//! A thread that writes down what the server tells, so that no session waits for a disk or a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError, TrySendError};
use std::thread::JoinHandle;

use crate::failure::Failure;

/// Notes that may wait.
const QUEUE: usize = 16_384;
/// And what they may hold together, in bytes.
const MAX_WAITING: usize = 64 << 20;

/// What is written down.
pub(super) trait Note: Send + 'static {
    /// About how much memory it holds.
    fn bytes(&self) -> usize;
}

/// Whoever writes it.
pub(super) trait Clerk: Send + 'static {
    type Note: Note;

    fn write(&mut self, note: Self::Note);

    /// Nothing waits any more: a good moment to flush.
    fn rest(&mut self);
}

/// The end of a desk where notes are left. It never waits.
pub(super) struct Tray<N> {
    notes: SyncSender<Option<N>>,
    waiting: Arc<AtomicUsize>,
}

/// The thread.
pub(super) struct Desk {
    thread: JoinHandle<()>,
    end: Box<dyn Fn() + Send>,
}

/// Puts a clerk behind a desk.
pub(super) fn open<C: Clerk>(name: &str, mut clerk: C) -> Result<(Tray<C::Note>, Desk), Failure> {
    let (notes, written) = mpsc::sync_channel(QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let read = Arc::clone(&waiting);
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || serve(&mut clerk, &written, &read))
        .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
    let last = notes.clone();
    // A clerk that panicked has ended already.
    let end = Box::new(move || drop(last.send(None)));
    Ok((Tray { notes, waiting }, Desk { thread, end }))
}

fn serve<C: Clerk>(clerk: &mut C, notes: &Receiver<Option<C::Note>>, waiting: &AtomicUsize) {
    loop {
        let note = match notes.try_recv() {
            Err(TryRecvError::Empty) => {
                clerk.rest();
                notes.recv().ok().flatten()
            }
            note => note.ok().flatten(),
        };
        let Some(note) = note else { break clerk.rest() };
        waiting.fetch_sub(note.bytes(), Ordering::Relaxed);
        clerk.write(note);
    }
}

impl<N: Note> Tray<N> {
    /// Leaves a note; false when the desk is full.
    pub(super) fn put(&self, note: N) -> bool {
        let bytes = note.bytes();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > MAX_WAITING {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        match self.notes.try_send(Some(note)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                false
            }
        }
    }
}

impl Desk {
    /// Waits until all that was left is written.
    pub(super) fn finish(self) {
        (self.end)();
        // Its panic was printed when it happened.
        let _ = self.thread.join();
    }
}

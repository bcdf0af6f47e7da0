//! A page that talks with a Realtime server: what you type goes out, what the model says is shown and played.
//!
//! ```text
//! cargo run -p vivavoce-cli -- serve
//! cargo build -p vivavoce --example browser --features web --target wasm32-unknown-unknown
//! wasm-bindgen --target web --out-dir crates/client/examples/browser/pkg \
//!     target/wasm32-unknown-unknown/debug/examples/browser.wasm
//! python3 -m http.server --directory crates/client/examples/browser
//! ```
//!
//! `wasm-bindgen` has to be of the version in `Cargo.lock`. For the vendor, let a server of yours mint an `ek_` secret, and
//! give that to `api_key`.
#![cfg(target_arch = "wasm32")]

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::StreamExt;
use js_sys::futures::spawn_local;
use vivavoce::protocol::Role;
use vivavoce::{ConversationItem, Delta, Error, Event, RealtimeClient};
use wasm_bindgen::prelude::*;
use web_sys::{AudioContext, Element, HtmlElement, HtmlInputElement};

/// What the buttons share: the session since the last click on "Connect".
type Session = Rc<RefCell<Option<RealtimeClient>>>;

#[wasm_bindgen(start)]
fn main() {
    let session = Session::default();
    let connecting = session.clone();
    on_click("connect", move || {
        let session = connecting.clone();
        spawn_local(async move {
            if let Err(error) = run(session).await {
                tell(&error.to_string());
            }
        });
    });
    let saying = session.clone();
    on_click("say", move || match &*saying.borrow() {
        Some(client) => say(client).unwrap_or_else(|error| tell(&error.to_string())),
        None => tell("Connect first."),
    });
    on_click("stop", move || {
        if let Some(client) = &*session.borrow() {
            let _what_was_cut = client.interrupt();
        }
    });
}

/// A session, to its end.
async fn run(session: Session) -> Result<(), Error> {
    // The one of before is dropped, and so closed; its loop ends with it.
    drop(session.take());
    let client = RealtimeClient::builder().url(input("url").value()).build()?;
    let mut events = client.events();
    client.connect().await?;
    client.wait_for_session_created().await?;
    tell("Connected.");
    session.replace(Some(client));
    let mut speaker = Speaker::new();
    while let Some(event) = events.next().await {
        let played = match &event {
            Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. } => speaker.play(samples),
            Event::Interrupted(_) => speaker.stop(),
            _ => Ok(()),
        };
        if played.is_err() {
            tell("The browser plays no sound.");
        }
        match event {
            Event::ItemAppended(_) | Event::ItemUpdated { .. } | Event::ItemDeleted(_) => show(&session),
            Event::Error(error) => tell(&error.to_string()),
            Event::Disconnected(close) => tell(&close.explanation()),
            _ => {}
        }
    }
    Ok(())
}

fn say(client: &RealtimeClient) -> Result<(), Error> {
    // Who speaks interrupts.
    let _what_was_cut = client.interrupt();
    client.send_user_message(input("words").value())?;
    Ok(())
}

/// The conversation as far as it was heard.
fn show(session: &Session) {
    if let Some(client) = &*session.borrow() {
        let lines: String = client.conversation().items().map(line).collect();
        element("conversation").set_text_content(Some(&lines));
    }
}

fn line(item: &ConversationItem) -> String {
    let who = if item.role() == Some(Role::User) { "you" } else { "model" };
    let spoken = if item.is_truncated() { item.heard_transcript() } else { item.transcript() };
    format!("{who}: {}{spoken}\n", item.text())
}

/// The model's speech, one piece after the other.
struct Speaker {
    device: AudioContext,
    /// When the last piece ends, in seconds of the device.
    end: f64,
}

impl Speaker {
    fn new() -> Self {
        Self { device: AudioContext::new().expect("a browser has Web Audio"), end: 0.0 }
    }

    fn play(&mut self, samples: &[i16]) -> Result<(), JsValue> {
        let samples: Vec<f32> = samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect();
        let piece = self.device.create_buffer(1, samples.len() as u32, 24_000.0)?;
        piece.copy_to_channel(&samples, 0)?;
        let source = self.device.create_buffer_source()?;
        source.set_buffer(Some(&piece));
        source.connect_with_audio_node(&self.device.destination())?;
        let start = self.end.max(self.device.current_time());
        source.start_with_when(start)?;
        self.end = start + piece.duration();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), JsValue> {
        std::mem::replace(self, Self::new()).device.close().map(drop)
    }
}

fn element(id: &str) -> Element {
    let document = web_sys::window().and_then(|window| window.document()).expect("a page has a document");
    document.get_element_by_id(id).expect("index.html has it")
}

fn input(id: &str) -> HtmlInputElement {
    element(id).unchecked_into()
}

fn tell(status: &str) {
    element("status").set_text_content(Some(status));
}

fn on_click(id: &str, act: impl FnMut() + 'static) {
    let act = Closure::<dyn FnMut()>::new(act).into_js_value();
    element(id).unchecked_into::<HtmlElement>().set_onclick(Some(act.unchecked_ref()));
}

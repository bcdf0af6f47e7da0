//! What is sent for a turn.

use std::time::Duration;

use vivavoce::{Error, RealtimeClient, RealtimeSession};

use super::Vad;
use super::patience::patiently;
use super::turns::Turn;
use super::waiting::Waiting;

/// Sends a turn and asks for its answer, unless the service finds the turn's end.
pub(super) async fn say(client: &RealtimeClient, turn: Turn, vad: Vad) -> Result<Waiting, Error> {
    let asked = match turn {
        Turn::Text(text) => patiently(|| client.send_user_message(text.as_str())).await?,
        Turn::Speech(speech) => {
            speech.send(client, silence_behind(vad)).await?;
            if vad != Vad::None {
                // Audio is not acknowledged. An update that changes nothing is, behind all that was sent before it.
                patiently(|| client.update_session(RealtimeSession::update())).await?;
                return Ok(Waiting::for_detection());
            }
            // Makes an item of the speech, too.
            patiently(|| client.create_response()).await?
        }
    };
    Ok(Waiting::for_response(asked.event_id().cloned()))
}

/// Silence that ends a turn for sure: longer than each kind of turn detection waits.
const fn silence_behind(vad: Vad) -> Duration {
    match vad {
        Vad::None => Duration::ZERO,
        Vad::Server => Duration::from_secs(1),
        Vad::Semantic => Duration::from_secs(5),
    }
}

"""`client.beta.realtime.connect`: the protocol from before May 2026."""

import base64
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

from . import strict
from .server import MODEL, beta_client
from .support import ENDLESS, PATIENT, Ears, Limited, bytes_of, joined, message, ms_of, only, pieces, silence

WRITTEN = {"modalities": ["text"]}
SPOKEN = {"modalities": ["audio", "text"]}


class BetaConversation(Limited):
    @contextmanager
    def session(self) -> Iterator[Ears]:
        with beta_client().beta.realtime.connect(model=MODEL) as connection:
            ears = Ears(connection, strict.BETA)
            self.created = ears.next("session.created")
            yield ears

    def test_a_written_turn_speaks_the_old_names_only(self) -> None:
        with self.session() as ears:
            self.assertEqual(set(self.created.session.modalities), {"audio", "text"})
            self.assertEqual(self.created.session.input_audio_format, "pcm16")
            ears.connection.conversation.item.create(item=message("How are you?"))
            asked = ears.next("conversation.item.created")
            ears.connection.response.create(response=WRITTEN)
            response = ears.next("response.done").response
            self.assertEqual(response.output[0].content[0].type, "text")
            text = response.output[0].content[0].text
            self.assertIn("How are you?", text)
            self.assertEqual("".join(delta.delta for delta in only(ears.heard, "response.text.delta")), text)
            answer = only(ears.heard, "conversation.item.created")[-1]
            self.assertEqual(answer.previous_item_id, asked.item.id)

    def test_a_spoken_turn_by_voice_activity(self) -> None:
        with self.session() as ears:
            aside = {"conversation": "none", "instructions": "Say exactly: Can you hear me?", **SPOKEN}
            ears.connection.response.create(response=aside)
            ears.next("response.done")
            question = joined(only(ears.heard, "response.audio.delta"))
            self.assertGreater(ms_of(question), 500)
            ears.connection.session.update(session={"turn_detection": PATIENT})
            ears.next("session.updated")
            start = len(ears.heard)
            for piece in pieces(silence(500) + question + silence(1_000)):
                ears.connection.input_audio_buffer.append(audio=piece)
            started = ears.next("input_audio_buffer.speech_started")
            self.assertEqual(ears.next("input_audio_buffer.committed").item_id, started.item_id)
            transcript = ears.next("response.done").response.output[0].content[0].transcript
            self.assertIn("I heard", transcript)
            words = only(ears.heard[start:], "response.audio_transcript.delta")
            self.assertEqual("".join(delta.delta for delta in words), transcript)

    def test_a_function_is_called_and_its_output_answered(self) -> None:
        with self.session() as ears:
            parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
            tool = {"type": "function", "name": "get_weather", "description": "Weather.", "parameters": parameters}
            ears.connection.session.update(session={**WRITTEN, "tools": [tool]})
            ears.next("session.updated")
            ears.connection.conversation.item.create(item=message("get_weather"))
            ears.connection.response.create()
            call = ears.next("response.function_call_arguments.done")
            ears.next("response.done")
            output = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain."}
            ears.connection.conversation.item.create(item=output)
            ears.connection.response.create()
            self.assertIn("Rain.", ears.next("response.done").response.output[0].content[0].text)

    def test_cancelling_truncating_and_deleting(self) -> None:
        with self.session() as ears:
            ears.connection.response.create(response={"instructions": f"Say exactly: {ENDLESS}", **WRITTEN})
            ears.next("response.text.delta")
            ears.connection.response.cancel()
            self.assertEqual(ears.next("response.done").response.status, "cancelled")
            ears.connection.response.create(response={"instructions": "Say exactly: A longer sentence.", **SPOKEN})
            item_id = ears.next("response.done").response.output[0].id
            items = ears.connection.conversation.item
            items.truncate(item_id=item_id, content_index=0, audio_end_ms=250)
            ears.next("conversation.item.truncated")
            items.retrieve(item_id=item_id)
            part = ears.next("conversation.item.retrieved").item.content[0]
            self.assertEqual(len(base64.b64decode(part.audio)), bytes_of(250))
            items.delete(item_id=item_id)
            self.assertEqual(ears.next("conversation.item.deleted").item_id, item_id)

    def test_a_transcription_session(self) -> None:
        with beta_client().beta.realtime.connect(model="", extra_query={"intent": "transcription"}) as connection:
            # The package has no type for this one.
            self.assertEqual(connection.recv().type, "transcription_session.created")
            ears = Ears(connection, strict.BETA)
            session = {"input_audio_transcription": {"model": "whisper-1"}, "turn_detection": None}
            connection.transcription_session.update(session=session)
            # Its type demands the secret that only the REST answer has.
            self.assertEqual(connection.recv().session.input_audio_transcription.model, "whisper-1")
            for piece in pieces(silence(500)):
                connection.input_audio_buffer.append(audio=piece)
            connection.input_audio_buffer.commit()
            committed = ears.next("input_audio_buffer.committed")
            completed = ears.next("conversation.item.input_audio_transcription.completed")
            self.assertEqual(completed.item_id, committed.item_id)


if __name__ == "__main__":
    unittest.main()

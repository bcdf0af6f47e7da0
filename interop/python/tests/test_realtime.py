"""`client.realtime.connect`: conversations through the package's synchronous class."""

import base64
import json
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosedError, InvalidStatus

from .server import MODEL, client
from .support import ENDLESS, PATIENT, Ears, Limited, bytes_of, joined, message, ms_of, only, pieces, silence, speech

WRITTEN = {"output_modalities": ["text"]}
BY_HAND = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}


class Conversation(Limited):
    @contextmanager
    def session(self) -> Iterator[Ears]:
        with client().realtime.connect(model=MODEL) as connection:
            ears = Ears(connection)
            self.created = ears.next("session.created")
            yield ears

    def test_a_written_turn_streams_and_completes(self) -> None:
        with self.session() as ears:
            self.assertEqual(self.created.session.type, "realtime")
            self.assertEqual(self.created.session.model, MODEL)
            ears.connection.conversation.item.create(item=message("How are you?"))
            asked = ears.next("conversation.item.done")
            ears.connection.response.create(response=WRITTEN)
            response = ears.next("response.done").response
            self.assertEqual(response.status, "completed")
            text = response.output[0].content[0].text
            self.assertIn("How are you?", text)
            self.assertEqual("".join(delta.delta for delta in only(ears.heard, "response.output_text.delta")), text)
            answer = only(ears.heard, "conversation.item.done")[-1]
            self.assertEqual(answer.previous_item_id, asked.item.id)
            usage = response.usage
            self.assertEqual(usage.total_tokens, usage.input_tokens + usage.output_tokens)

    def test_the_connection_is_iterated_until_it_is_closed(self) -> None:
        with client().realtime.connect(model=MODEL) as connection:
            names = []
            for event in connection:
                names.append(event.type)
                if event.type == "session.created":
                    connection.response.create(response=WRITTEN)
                if event.type == "response.done":
                    connection.close()
            self.assertEqual(names[0], "session.created")
            self.assertIn("response.done", names)

    def test_handlers_are_told(self) -> None:
        with client().realtime.connect(model=MODEL) as connection:
            written: list[str] = []
            connection.on("response.output_text.delta", lambda event: written.append(event.delta))
            connection.on("session.created", lambda event: connection.response.create(response=WRITTEN))
            connection.on("response.done", lambda event: connection.close())
            connection.dispatch_events()
            self.assertIn("local vivavoce server", "".join(written))

    def test_a_spoken_turn_is_committed_by_hand(self) -> None:
        with self.session() as ears:
            ears.connection.session.update(session=BY_HAND)
            session = ears.next("session.updated").session
            self.assertIsNone(session.audio.input.turn_detection)
            question = speech(ears, "Can you hear me?")
            self.assertGreater(ms_of(question), 500)
            for piece in pieces(question):
                ears.connection.input_audio_buffer.append(audio=piece)
            ears.connection.input_audio_buffer.commit()
            committed = ears.next("input_audio_buffer.committed")
            self.assertEqual(ears.next("conversation.item.added").item.id, committed.item_id)
            start = len(ears.heard)
            ears.connection.response.create()
            transcript = ears.next("response.done").response.output[0].content[0].transcript
            self.assertIn(f"I heard {ms_of(question) / 1000:.1f} seconds", transcript)
            answer = ears.heard[start:]
            words = only(answer, "response.output_audio_transcript.delta")
            self.assertEqual("".join(delta.delta for delta in words), transcript)
            self.assertGreater(ms_of(joined(only(answer, "response.output_audio.delta"))), 500)

            ears.connection.conversation.item.retrieve(item_id=committed.item_id)
            item = ears.next("conversation.item.retrieved").item
            self.assertEqual(base64.b64decode(item.content[0].audio), question)

    def test_voice_activity_makes_the_turn_its_transcript_and_its_answer(self) -> None:
        with self.session() as ears:
            question = speech(ears, "What is the weather today in London?")
            audio = {"input": {"transcription": {"model": "whisper-1"}, "turn_detection": PATIENT}}
            ears.connection.session.update(session={"type": "realtime", "audio": audio})
            ears.next("session.updated")
            for piece in pieces(silence(500) + question + silence(1_000)):
                ears.connection.input_audio_buffer.append(audio=piece)
            started = ears.next("input_audio_buffer.speech_started")
            stopped = ears.next("input_audio_buffer.speech_stopped")
            committed = ears.next("input_audio_buffer.committed")
            self.assertEqual({started.item_id, stopped.item_id}, {committed.item_id})
            self.assertLess(started.audio_start_ms, stopped.audio_end_ms)
            done = ears.next("response.done")
            self.assertEqual(done.response.status, "completed")
            name = "conversation.item.input_audio_transcription.completed"
            completed = next(iter(only(ears.heard, name)), None) or ears.next(name)
            self.assertTrue(completed.transcript)

    def test_a_function_is_called_and_its_output_answered(self) -> None:
        with self.session() as ears:
            tool = {
                "type": "function",
                "name": "get_weather",
                "description": "The weather of a place.",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
                    "required": ["city", "days"],
                },
            }
            ears.connection.session.update(session={"type": "realtime", **WRITTEN, "tools": [tool]})
            self.assertEqual(ears.next("session.updated").session.tools[0].name, "get_weather")
            ears.connection.conversation.item.create(item=message("Please get_weather."))
            ears.connection.response.create()
            call = ears.next("response.function_call_arguments.done")
            arguments = json.loads(call.arguments)
            self.assertIsInstance(arguments["city"], str)
            self.assertGreaterEqual(arguments["days"], 1)
            done = ears.next("response.done").response
            self.assertEqual(done.output[0].type, "function_call")
            self.assertEqual(done.output[0].name, "get_weather")
            output = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
            ears.connection.conversation.item.create(item=output)
            ears.connection.response.create()
            self.assertIn("Sunny.", ears.next("response.done").response.output[0].content[0].text)

    def test_a_response_is_cancelled_and_the_session_goes_on(self) -> None:
        with self.session() as ears:
            ears.connection.response.create(response={"instructions": f"Say exactly: {ENDLESS}", **WRITTEN})
            ears.next("response.output_text.delta")
            ears.connection.response.cancel()
            response = ears.next("response.done").response
            self.assertEqual(response.status, "cancelled")
            self.assertEqual(response.status_details.reason, "client_cancelled")
            self.assertEqual(response.output[0].status, "incomplete")
            ears.connection.response.create(response={"instructions": "Say exactly: Here.", **WRITTEN})
            self.assertEqual(ears.next("response.done").response.output[0].content[0].text, "Here.")

    def test_a_spoken_item_is_truncated_and_deleted(self) -> None:
        with self.session() as ears:
            spoken = {"instructions": "Say exactly: Longer than anybody wants to hear.", "output_modalities": ["audio"]}
            ears.connection.response.create(response=spoken)
            item_id = ears.next("response.done").response.output[0].id
            items = ears.connection.conversation.item
            items.truncate(item_id=item_id, content_index=0, audio_end_ms=300)
            self.assertEqual(ears.next("conversation.item.truncated").audio_end_ms, 300)
            items.retrieve(item_id=item_id)
            part = ears.next("conversation.item.retrieved").item.content[0]
            self.assertEqual(len(base64.b64decode(part.audio)), bytes_of(300))
            self.assertFalse(part.transcript)
            items.delete(item_id=item_id)
            self.assertEqual(ears.next("conversation.item.deleted").item_id, item_id)
            items.delete(item_id=item_id, event_id="twice")
            error = ears.next("error").error
            self.assertEqual(error.code, "item_delete_invalid_item_id")
            self.assertEqual(error.event_id, "twice")

    def test_a_response_beside_the_conversation_leaves_no_trace_in_it(self) -> None:
        with self.session() as ears:
            aside = {"conversation": "none", "input": [message("Aside.")], "metadata": {"purpose": "aside"}, **WRITTEN}
            ears.connection.response.create(response=aside)
            self.assertEqual(ears.next("response.created").response.metadata, {"purpose": "aside"})
            response = ears.next("response.done").response
            self.assertIsNone(response.conversation_id)
            self.assertIn("Aside.", response.output[0].content[0].text)
            self.assertFalse([event for event in ears.heard if event.type.startswith("conversation.item.")])

    def test_mistakes_are_errors_that_name_their_place_and_end_nothing(self) -> None:
        with self.session() as ears:
            ears.connection.session.update(session={"type": "realtime", "temperature": 0.8}, event_id="e1")
            error = ears.next("error").error
            self.assertEqual((error.code, error.param), ("unknown_parameter", "session.temperature"))
            self.assertEqual(error.event_id, "e1")
            ears.connection.output_audio_buffer.clear()
            self.assertEqual(ears.next("error").error.code, "invalid_value")
            ears.connection.input_audio_buffer.commit()
            self.assertEqual(ears.next("error").error.code, "input_audio_buffer_commit_empty")
            ears.connection.input_audio_buffer.clear()
            ears.next("input_audio_buffer.cleared")


class Transcription(Limited):
    def test_sound_is_written_down(self) -> None:
        with client().realtime.connect(model=MODEL) as connection:
            sample = speech(Ears(connection), "Write down what I say.")
        with client().realtime.connect(extra_query={"intent": "transcription"}) as connection:
            ears = Ears(connection)
            self.assertEqual(ears.next("session.created").session.type, "transcription")
            audio = {"input": {"transcription": {"model": "gpt-4o-transcribe"}, "turn_detection": None}}
            connection.session.update(session={"type": "transcription", "audio": audio})
            ears.next("session.updated")
            for piece in pieces(sample):
                connection.input_audio_buffer.append(audio=piece)
            connection.input_audio_buffer.commit()
            committed = ears.next("input_audio_buffer.committed")
            completed = ears.next("conversation.item.input_audio_transcription.completed")
            self.assertEqual(completed.item_id, committed.item_id)
            self.assertTrue(completed.transcript)


class Refused(Limited):
    def test_no_model_is_an_error_then_a_close(self) -> None:
        with client().realtime.connect() as connection:
            self.assertEqual(connection.recv().error.code, "missing_model")
            with self.assertRaises(ConnectionClosedError) as closed:
                connection.recv()
            self.assertEqual(closed.exception.rcvd.code, 4000)

    def test_an_unknown_call_is_not_found(self) -> None:
        with self.assertRaises(InvalidStatus) as refused:
            client().realtime.connect(call_id="rtc_nobody").enter()
        self.assertEqual(refused.exception.response.status_code, 404)


if __name__ == "__main__":
    unittest.main()

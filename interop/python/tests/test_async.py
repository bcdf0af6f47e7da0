"""`AsyncOpenAI().realtime.connect`: the same over asyncio, where reading and writing go on at once."""

import asyncio
import unittest
from typing import Any

from websockets.exceptions import ConnectionClosedError

from .server import MODEL, async_client, tls_client
from .support import ENDLESS, PATIENT, AsyncEars, AsyncLimited, joined, message, ms_of, only, pieces, silence

WRITTEN = {"output_modalities": ["text"]}


async def speak(connection: Any, pcm: bytes) -> None:
    for piece in pieces(pcm):
        await connection.input_audio_buffer.append(audio=piece)


class AsyncConversation(AsyncLimited):
    async def test_a_written_turn_streams(self) -> None:
        async with async_client().realtime.connect(model=MODEL) as connection:
            await connection.session.update(session={"type": "realtime", **WRITTEN})
            await connection.conversation.item.create(item=message("How are you?"))
            await connection.response.create()
            text = ""
            async for event in connection:
                if event.type == "response.output_text.delta":
                    text += event.delta
                elif event.type == "response.output_text.done":
                    self.assertEqual(event.text, text)
                elif event.type == "response.done":
                    break
            self.assertIn("How are you?", text)

    async def test_the_user_interrupts_by_speaking(self) -> None:
        async with async_client().realtime.connect(model=MODEL) as connection:
            ears = AsyncEars(connection)
            audio = {"input": {"turn_detection": PATIENT}}
            await connection.session.update(session={"type": "realtime", "audio": audio})
            words = "Wait a moment, please, I would like to say something."
            aside = {"conversation": "none", "instructions": f"Say exactly: {words}", "output_modalities": ["audio"]}
            await connection.response.create(response=aside)
            await ears.next("response.done")
            interjection = joined(only(ears.heard, "response.output_audio.delta"))
            self.assertGreater(ms_of(interjection), 500)

            await connection.response.create(response={"instructions": f"Say exactly: {ENDLESS}", **WRITTEN})
            await ears.next("response.output_text.delta")
            microphone = asyncio.create_task(speak(connection, interjection + silence(1_000)))
            await ears.next("input_audio_buffer.speech_started")
            cut = (await ears.next("response.done")).response
            self.assertEqual(cut.status, "cancelled")
            self.assertEqual(cut.status_details.reason, "turn_detected")
            answer = (await ears.next("response.done")).response
            self.assertEqual(answer.status, "completed")
            self.assertIn("I heard", answer.output[0].content[0].transcript)
            await microphone

    async def test_many_sessions_at_once_do_not_mix(self) -> None:
        async def one(number: int) -> str:
            async with async_client().realtime.connect(model=MODEL) as connection:
                ears = AsyncEars(connection)
                await connection.response.create(response={"instructions": f"Say exactly: I am {number}.", **WRITTEN})
                return (await ears.next("response.done")).response.output[0].content[0].text

        answers = await asyncio.gather(*(one(number) for number in range(20)))
        self.assertEqual(answers, [f"I am {number}." for number in range(20)])

    async def test_a_turn_over_tls(self) -> None:
        async with tls_client().realtime.connect(model=MODEL) as connection:
            await connection.response.create(response={"instructions": "Say exactly: Nobody listens.", **WRITTEN})
            answer = (await AsyncEars(connection).next("response.done")).response.output[0]
            self.assertEqual(answer.content[0].text, "Nobody listens.")

    async def test_a_wrong_key_is_an_error_then_a_close(self) -> None:
        async with tls_client("sk-wrong").realtime.connect(model=MODEL) as connection:
            self.assertEqual((await connection.recv()).error.code, "invalid_api_key")
            with self.assertRaises(ConnectionClosedError) as closed:
                await connection.recv()
            self.assertEqual(closed.exception.rcvd.code, 3000)
            self.assertEqual(closed.exception.rcvd.reason, "invalid_request_error.invalid_api_key")


if __name__ == "__main__":
    unittest.main()

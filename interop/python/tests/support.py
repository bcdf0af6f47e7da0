"""What the tests share: a session with ears, sound without recordings, and a time limit for each test."""

import asyncio
import base64
import faulthandler
import unittest
from collections.abc import Callable
from typing import Any

from . import strict

#: Samples of 16 bits in a second.
RATE = 24_000
TIME_LIMIT_S = 60
#: More than the network between server and client can hold: the response is still being made when it is cancelled.
ENDLESS = "on and on " * 20_000

#: Voice activity detection that does not take a pause between words for the end of a turn.
PATIENT = {"type": "server_vad", "silence_duration_ms": 700}

Anything: Callable[[Any], bool] = lambda event: True


def bytes_of(ms: int) -> int:
    return ms * RATE // 1000 * 2


def ms_of(pcm: bytes) -> float:
    return len(pcm) / 2 / RATE * 1000


def silence(ms: int) -> bytes:
    return bytes(bytes_of(ms))


def joined(deltas: list[Any]) -> bytes:
    return b"".join(base64.b64decode(event.delta) for event in deltas)


def pieces(pcm: bytes) -> list[str]:
    """100 ms each, as a microphone gives them, in base64."""
    size = bytes_of(100)
    return [base64.b64encode(pcm[at : at + size]).decode() for at in range(0, len(pcm), size)]


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def only(events: list[Any], *names: str) -> list[Any]:
    return [event for event in events if event.type in names]


class Limited(unittest.TestCase):
    """A test that hangs ends the run, and shows where it hung."""

    def setUp(self) -> None:
        faulthandler.dump_traceback_later(TIME_LIMIT_S, exit=True)
        self.addCleanup(faulthandler.cancel_dump_traceback_later)


class AsyncLimited(Limited, unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        # Or it complains about every step that is slow, as those of a machine under load are.
        asyncio.get_running_loop().set_debug(False)


class Ears:
    """Reads on in a connection, and keeps what was read. An error that was not asked for fails the test."""

    def __init__(self, connection: Any, known: dict[str, Any] = strict.GA) -> None:
        self.connection = connection
        self.known = known
        self.heard: list[Any] = []

    def next(self, name: str, fits: Callable[[Any], bool] = Anything) -> Any:
        while True:
            event = self._keep(self.connection.recv_bytes())
            if event.type == name and fits(event):
                return event
            self._complain(event)

    def _keep(self, data: bytes) -> Any:
        strict.check(data, self.known)
        event = self.connection.parse_event(data)
        self.heard.append(event)
        return event

    def _complain(self, event: Any) -> None:
        assert event.type != "error", f"an unexpected error: {event.error}"


class AsyncEars(Ears):
    async def next(self, name: str, fits: Callable[[Any], bool] = Anything) -> Any:
        while True:
            event = self._keep(await self.connection.recv_bytes())
            if event.type == name and fits(event):
                return event
            self._complain(event)


def speech(ears: Ears, words: str) -> bytes:
    """Someone saying `words`: a response beside the conversation, so that nothing of it stays."""
    start = len(ears.heard)
    ears.connection.response.create(
        response={
            "conversation": "none",
            "input": [],
            "instructions": f"Say exactly: {words}",
            "output_modalities": ["audio"],
        }
    )
    ears.next("response.done")
    return joined(only(ears.heard[start:], "response.output_audio.delta"))

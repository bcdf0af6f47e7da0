"""Secrets and models through the package, and sessions opened with a secret."""

import time
import unittest

import openai

from .server import MODEL, rest_client, tls_client
from .support import AsyncEars, AsyncLimited


class Secrets(AsyncLimited):
    async def test_a_secret_opens_a_session_that_is_configured_already(self) -> None:
        before = time.time()
        secret = rest_client().realtime.client_secrets.create(
            expires_after={"anchor": "created_at", "seconds": 60},
            session={
                "type": "realtime",
                "model": MODEL,
                "instructions": "Say exactly: I was told to.",
                "output_modalities": ["text"],
            },
        )
        self.assertTrue(secret.value.startswith("ek_"))
        self.assertAlmostEqual(secret.expires_at, before + 60, delta=20)
        self.assertEqual(secret.session.type, "realtime")
        async with tls_client(secret.value).realtime.connect(model=MODEL) as connection:
            ears = AsyncEars(connection)
            self.assertEqual((await ears.next("session.created")).session.instructions, "Say exactly: I was told to.")
            await connection.response.create()
            self.assertEqual((await ears.next("response.done")).response.output[0].content[0].text, "I was told to.")

    async def test_the_old_endpoints_mint_too(self) -> None:
        session = rest_client().beta.realtime.sessions.create(model=MODEL, modalities=["text"], voice="echo")
        self.assertTrue(session.client_secret.value.startswith("ek_"))
        self.assertEqual(session.modalities, ["text"])
        async with tls_client(session.client_secret.value).beta.realtime.connect(model=MODEL) as connection:
            self.assertEqual((await connection.recv()).session.voice, "echo")
        transcription = rest_client().beta.realtime.transcription_sessions.create(
            input_audio_transcription={"model": "whisper-1"}
        )
        self.assertTrue(transcription.client_secret.value.startswith("ek_"))

    def test_what_is_refused_is_an_error_with_its_own_class(self) -> None:
        with self.assertRaises(openai.BadRequestError) as mistake:
            rest_client().realtime.client_secrets.create(session={"type": "realtime", "output_modalities": ["smell"]})
        self.assertEqual(mistake.exception.code, "invalid_value")
        with self.assertRaises(openai.AuthenticationError):
            rest_client("sk-wrong").realtime.client_secrets.create(session={"type": "realtime"})

    def test_the_models_are_listed(self) -> None:
        self.assertIn(MODEL, [model.id for model in rest_client().models.list()])
        with self.assertRaises(openai.NotFoundError):
            rest_client().models.retrieve("nobody")


if __name__ == "__main__":
    unittest.main()

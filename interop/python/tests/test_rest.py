"""Secrets and models through the package, and sessions opened with a secret."""

import time
import unittest

import openai

from .server import MODEL, tls_client
from .support import Ears, Limited


class Secrets(Limited):
    def test_a_secret_opens_a_session_that_is_configured_already(self) -> None:
        before = time.time()
        secret = tls_client().realtime.client_secrets.create(
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
        with tls_client(secret.value).realtime.connect(model=MODEL) as connection:
            ears = Ears(connection)
            self.assertEqual(ears.next("session.created").session.instructions, "Say exactly: I was told to.")
            connection.response.create()
            self.assertEqual(ears.next("response.done").response.output[0].content[0].text, "I was told to.")

    def test_the_old_endpoints_mint_too(self) -> None:
        session = tls_client().beta.realtime.sessions.create(model=MODEL, modalities=["text"], voice="echo")
        self.assertTrue(session.client_secret.value.startswith("ek_"))
        self.assertEqual(session.modalities, ["text"])
        with tls_client(session.client_secret.value).beta.realtime.connect(model=MODEL) as connection:
            self.assertEqual(connection.recv().session.voice, "echo")
        transcription = tls_client().beta.realtime.transcription_sessions.create(
            input_audio_transcription={"model": "whisper-1"}
        )
        self.assertTrue(transcription.client_secret.value.startswith("ek_"))

    def test_what_is_refused_is_an_error_with_its_own_class(self) -> None:
        with self.assertRaises(openai.BadRequestError) as mistake:
            tls_client().realtime.client_secrets.create(session={"type": "realtime", "output_modalities": ["smell"]})
        self.assertEqual(mistake.exception.code, "invalid_value")
        with self.assertRaises(openai.AuthenticationError):
            tls_client("sk-wrong").realtime.client_secrets.create(session={"type": "realtime"})

    def test_the_models_are_listed(self) -> None:
        self.assertIn(MODEL, [model.id for model in tls_client().models.list()])
        with self.assertRaises(openai.NotFoundError):
            tls_client().models.retrieve("nobody")


if __name__ == "__main__":
    unittest.main()

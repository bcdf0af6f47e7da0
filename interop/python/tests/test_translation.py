"""`client.realtime.translations.connect`."""

import unittest

from . import strict
from .server import MODEL, client, rest_client, tls_client
from .support import AsyncEars, AsyncLimited, Ears, joined, only, pieces, speech


class Translation(AsyncLimited):
    def test_sound_goes_in_sound_and_words_come_out_until_the_session_is_closed(self) -> None:
        with client().realtime.connect(model=MODEL) as connection:
            said = speech(Ears(connection), "Good morning, how are you today?")
        with client().realtime.translations.connect(model="gpt-realtime-translate") as connection:
            ears = Ears(connection, strict.TRANSLATION)
            self.assertEqual(ears.next("session.created").session.type, "translation")
            audio = {"input": {"transcription": {"model": "gpt-realtime-whisper"}}, "output": {"language": "es"}}
            connection.session.update(session={"audio": audio})
            self.assertEqual(ears.next("session.updated").session.audio.output.language, "es")
            for piece in pieces(said):
                connection.session.input_audio_buffer.append(audio=piece)
            connection.session.close()
            ears.next("session.closed")
            self.assertTrue(joined(only(ears.heard, "session.output_audio.delta")))
            self.assertTrue(only(ears.heard, "session.output_transcript.delta"))
            self.assertTrue(only(ears.heard, "session.input_transcript.delta"))

    async def test_a_secret_for_a_translation(self) -> None:
        session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "fr"}}}
        secret = rest_client().realtime.translations.client_secrets.create(session=session)
        self.assertEqual(secret.session.audio.output.language, "fr")
        connect = tls_client(secret.value).realtime.translations.connect
        async with connect(model="gpt-realtime-translate") as connection:
            created = await AsyncEars(connection, strict.TRANSLATION).next("session.created")
            self.assertEqual(created.session.audio.output.language, "fr")


if __name__ == "__main__":
    unittest.main()

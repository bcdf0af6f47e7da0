"""The paths of Azure, and its header for the key."""

import unittest

from . import strict
from .server import azure_client, azure_preview_client
from .support import AsyncEars, AsyncLimited

SAY = "Say exactly: Blue sky."


class Azure(AsyncLimited):
    async def test_the_current_protocol_by_the_name_of_a_deployment(self) -> None:
        async with azure_client().realtime.connect(model="my-deployment") as connection:
            ears = AsyncEars(connection)
            self.assertEqual((await ears.next("session.created")).session.model, "my-deployment")
            await connection.response.create(response={"instructions": SAY, "output_modalities": ["text"]})
            self.assertEqual((await ears.next("response.done")).response.output[0].content[0].text, "Blue sky.")

    async def test_a_preview_version_speaks_the_old_protocol(self) -> None:
        async with azure_preview_client().beta.realtime.connect(model="gpt-4o-realtime-preview") as connection:
            ears = AsyncEars(connection, strict.BETA)
            self.assertEqual((await ears.next("session.created")).session.input_audio_format, "pcm16")
            await connection.response.create(response={"instructions": SAY, "modalities": ["text"]})
            self.assertEqual((await ears.next("response.done")).response.output[0].content[0].text, "Blue sky.")

    async def test_the_current_class_gets_the_old_protocol_from_a_preview_version(self) -> None:
        async with azure_preview_client().realtime.connect(model="my-deployment") as connection:
            self.assertEqual((await connection.recv()).type, "session.created")
            self.assertEqual((await connection.recv()).type, "conversation.created")
            await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            error = (await connection.recv()).error
            self.assertEqual((error.code, error.param), ("unknown_parameter", "session.type"))


if __name__ == "__main__":
    unittest.main()

"""Checks events against the types the package publishes.

The package itself takes whatever comes and gives it the shape of the nearest type; here each event has to fit the type
of its own name, down to the last member.
"""

import json
from typing import Any, get_args

from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import RealtimeServerEvent as ServerEvent
from openai.types.realtime import RealtimeTranslationServerEvent as TranslationServerEvent
from pydantic import BaseModel


def _by_name(union: Any) -> dict[str, type[BaseModel]]:
    while not all(isinstance(member, type) for member in get_args(union)):
        union = get_args(union)[0]
    return {name: model for model in get_args(union) for name in get_args(model.model_fields["type"].annotation)}


GA = _by_name(ServerEvent)
BETA = _by_name(BetaServerEvent)
TRANSLATION = _by_name(TranslationServerEvent)


def check(data: bytes, known: dict[str, type[BaseModel]]) -> None:
    event = json.loads(data)
    model = known.get(event["type"])
    assert model is not None, f"the package has no event {event['type']}"
    model.model_validate(event)

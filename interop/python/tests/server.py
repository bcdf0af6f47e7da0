"""Where the servers under test are. `cargo xtask test interop` starts them and says so in the environment."""

import os

import openai

MODEL = "gpt-realtime"


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set: run these tests with `cargo xtask test interop`")
    return value


def _base(url: str) -> str:
    """The base URL of the API, as the package wants it, of a server given by its socket's URL."""
    return "http" + url.removeprefix("ws").removesuffix("/realtime")


BASE = _base(_required("VIVAVOCE_URL"))
TLS_BASE = _base(_required("VIVAVOCE_TLS_URL"))
#: The certificate of that one, a file.
TLS_CERT = _required("VIVAVOCE_TLS_CERT")
#: A server that knows one key.
LOCKED_BASE = _base(_required("VIVAVOCE_LOCKED_URL"))
LOCKED_KEY = _required("VIVAVOCE_LOCKED_KEY")


def client(**options: object) -> openai.OpenAI:
    return openai.OpenAI(**{"api_key": "sk-local", "base_url": BASE, "max_retries": 0, **options})


def beta_client(**options: object) -> openai.OpenAI:
    """The old classes take every address for a `wss:` one, unless they are given the socket's own."""
    base = str(options.get("base_url", BASE))
    return client(**{"websocket_base_url": "ws" + base.removeprefix("http"), **options})


def async_client(**options: object) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(**{"api_key": "sk-local", "base_url": BASE, "max_retries": 0, **options})

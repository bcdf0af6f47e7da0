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


#: A server where any key is good.
BASE = _base(_required("VIVAVOCE_URL"))
#: One behind TLS, with one key that is good. SSL_CERT_FILE makes its certificate trusted.
TLS_BASE = _base(_required("VIVAVOCE_TLS_URL"))
KEY = _required("VIVAVOCE_TLS_KEY")


def client() -> openai.OpenAI:
    return openai.OpenAI(api_key="sk-local", base_url=BASE, max_retries=0)


def async_client() -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key="sk-local", base_url=BASE, max_retries=0)


def rest_client(key: str = KEY) -> openai.OpenAI:
    """For requests, not for sockets."""
    return openai.OpenAI(api_key=key, base_url=TLS_BASE, max_retries=0)


def tls_client(key: str = KEY) -> openai.AsyncOpenAI:
    """For sockets behind TLS, which are all asynchronous here.

    The synchronous ones read and write in two threads at once, and the TLS of older CPythons is not made for that
    (gh-124984): one handshake in a few hundred hangs, whatever the server.
    """
    return openai.AsyncOpenAI(api_key=key, base_url=TLS_BASE, max_retries=0)


AZURE = TLS_BASE.removesuffix("/v1")


def azure_client() -> openai.AsyncOpenAI:
    """Azure's users reach the current protocol with the ordinary class."""
    return openai.AsyncOpenAI(api_key=KEY, base_url=f"{AZURE}/openai/v1", max_retries=0)


def azure_preview_client() -> openai.AsyncAzureOpenAI:
    return openai.AsyncAzureOpenAI(api_key=KEY, azure_endpoint=AZURE, api_version="2025-04-01-preview", max_retries=0)


def beta_client() -> openai.OpenAI:
    """The old classes take every address for a `wss:` one, unless they are given the socket's own."""
    return client().with_options(websocket_base_url="ws" + BASE.removeprefix("http"))

"""A catalogue in an empty home: no keyring, no Ollama, a demo model whose state is set by hand."""

import contextlib
import sys

import pytest

from mandrake_jupyter import errors
from mandrake_jupyter.providers.base import ChatMessage, ModelRequest, TextDelta
from mandrake_jupyter.providers.catalogue import ModelCatalogue
from mandrake_jupyter.providers.keys import KeyStore
from mandrake_jupyter.providers.ollama import OllamaProbe
from mandrake_jupyter.workspaces.models import ModelWish

DEMO = "demo/smollm2-135m-instruct"


class Demo:
    """A demo model whose state is set by hand."""

    id, model, name = DEMO, "smollm2-135m-instruct", "Demo model (tiny, offline)"

    def __init__(self):
        self.state = "missing"
        self.provider = object()

    def check(self):
        if self.state != "ready":
            raise errors.DemoModelMissing

    def as_json(self):
        return {"state": self.state, "done_bytes": 0, "total_bytes": 1, "error": None}

    async def fetch(self):
        self.state = "fetching"
        return self.as_json()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make(tmp_path, monkeypatch, clock):
    monkeypatch.setitem(sys.modules, "keyring", None)

    def make(environ=None, ollama="http://127.0.0.1:9", folder=(), active=None, demo=None):
        environ = environ or {}
        probe = OllamaProbe(clock, url=ollama)
        keys = KeyStore(tmp_path, environ)
        return ModelCatalogue(
            tmp_path,
            keys,
            environ,
            demo or Demo(),
            configured=lambda: folder,
            wishes=lambda: [ModelWish("workspace", ".mandrake/models.json", active)] if active else [],
            clock=clock,
            ollama=probe,
        )

    return make


async def say(resolved, text="Hi"):
    request = ModelRequest(resolved.model, "", (ChatMessage("user", text),))
    async with contextlib.aclosing(resolved.provider.stream(request)) as events:
        return "".join([event.text async for event in events if isinstance(event, TextDelta)])

"""Looking at models costs nothing: the SDKs are imported by the first request."""

import subprocess
import sys

HEAVY = "pydantic_ai openai anthropic httpx httpx2 keyring xllamacpp"
LOOK = f"""
import asyncio, sys, tempfile
from pathlib import Path
from mandrake_jupyter.lifecycle.supervisor import Supervisor
from mandrake_jupyter.providers import api, catalogue, demo, keys

async def look():
    data = Path(tempfile.mkdtemp())
    known = demo.DemoModel(data, Supervisor())
    models = catalogue.ModelCatalogue(data, keys.KeyStore(data, {{}}), {{}}, known)
    return await models.as_json()

assert asyncio.run(look())["models"]
print(sorted(set("{HEAVY}".split()) & set(sys.modules)))
"""


def test_the_catalogue_is_answered_without_importing_an_sdk():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")

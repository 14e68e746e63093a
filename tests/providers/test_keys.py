"""Keys: where they go, who may read the file, and that nothing gives them back."""

import stat
import sys
import threading

import pytest

from mandrake_jupyter.errors import BadRequest, Unavailable
from mandrake_jupyter.providers.keys import SERVICE, KeyStore


@pytest.fixture
def no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)


class Ring:
    """An in-memory keyring backend."""

    priority = 5

    def __init__(self):
        self.kept = {}

    def set_password(self, service, name, value):
        self.kept[service, name] = value

    def get_password(self, service, name):
        return self.kept.get((service, name))

    def delete_password(self, service, name):
        del self.kept[service, name]


@pytest.fixture
def ring(monkeypatch):
    import keyring

    ring = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    return ring


async def test_without_a_keyring_a_key_goes_to_a_file_for_its_owner_only(tmp_path, no_keyring):
    keys = KeyStore(tmp_path / "mandrake", {})
    assert await keys.set("openai", " sk-123\n") == "file"
    assert await keys.get("openai") == "sk-123"
    assert keys.origin("openai") == "file"
    assert keys.saved("openai")
    assert stat.S_IMODE((tmp_path / "mandrake" / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "mandrake").stat().st_mode) == 0o700
    await keys.delete("openai")
    assert (await keys.get("openai"), keys.origin("openai"), keys.saved("openai")) == (None, None, None)
    assert "sk-123" not in (tmp_path / "mandrake" / "keys.json").read_text()


async def test_a_usable_keyring_keeps_the_key_and_the_file_only_its_name(tmp_path, ring):
    keys = KeyStore(tmp_path, {})
    assert await keys.set("openai", "sk-123") == "keyring"
    assert ring.kept == {(SERVICE, "openai"): "sk-123"}
    assert "sk-123" not in (tmp_path / "keys.json").read_text()
    assert (await keys.get("openai"), keys.origin("openai")) == ("sk-123", "keyring")
    await keys.delete("openai")
    assert ring.kept == {}
    assert await keys.get("openai") is None


async def test_a_headless_keyring_is_passed_over(tmp_path, monkeypatch):
    import keyring
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", fail.Keyring)
    assert await KeyStore(tmp_path, {}).set("openai", "sk-123") == "file"


async def test_a_keyring_that_raises_is_passed_over(tmp_path, ring):
    def locked(*args):
        raise RuntimeError("locked")

    ring.set_password = locked
    assert await KeyStore(tmp_path, {}).set("openai", "sk-123") == "file"


async def test_a_keyring_that_hangs_is_passed_over_and_not_asked_again(tmp_path, ring):
    release = threading.Event()
    asked = []

    def hang(*args):
        asked.append(args)
        release.wait(30)

    ring.set_password = hang
    keys = KeyStore(tmp_path, {}, keyring_timeout=0.1)
    try:
        assert await keys.set("openai", "sk-123") == "file"
        assert await keys.set("openai", "sk-456") == "file"
        assert len(asked) == 1
    finally:
        release.set()


async def test_a_key_in_the_environment_counts_until_the_user_enters_one(tmp_path, no_keyring):
    keys = KeyStore(tmp_path, {"OPENAI_API_KEY": "sk-env\n", "ANTHROPIC_API_KEY": ""})
    assert (await keys.get("openai"), keys.origin("openai")) == ("sk-env", "environment")
    assert (await keys.get("anthropic"), keys.origin("anthropic")) == (None, None)
    await keys.set("openai", "sk-new")
    assert (await keys.get("openai"), keys.origin("openai")) == ("sk-new", "file")
    await keys.delete("openai")
    assert keys.origin("openai") == "environment"


@pytest.mark.parametrize(
    "value", ["", "  \n", "two\nlines", "two words", "x" * 5000, "schlüssel", "a\x00b", None, 7]
)
async def test_what_can_be_no_key_is_refused_without_repeating_it(tmp_path, no_keyring, value):
    with pytest.raises(BadRequest) as caught:
        await KeyStore(tmp_path, {}).set("openai", value)
    assert not (tmp_path / "keys.json").exists()
    assert not str(value).strip() or str(value) not in str(caught.value)


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 200, None])
async def test_what_can_be_no_name_is_refused(tmp_path, no_keyring, name):
    with pytest.raises(BadRequest):
        await KeyStore(tmp_path, {}).set(name, "sk-123")


async def test_a_broken_file_is_not_written_over(tmp_path, no_keyring):
    (tmp_path / "keys.json").write_text("{ half")
    with pytest.raises(Unavailable):
        await KeyStore(tmp_path, {}).set("openai", "sk-123")
    assert (tmp_path / "keys.json").read_text() == "{ half"


async def test_two_stores_on_one_directory_see_each_other(tmp_path, no_keyring):
    one, two = KeyStore(tmp_path, {}), KeyStore(tmp_path, {})
    await one.set("openai", "sk-1")
    await two.set("anthropic", "sk-2")
    assert (await one.get("anthropic"), await two.get("openai")) == ("sk-2", "sk-1")


async def test_an_answer_to_a_question_may_be_words_and_a_key_may_not(tmp_path, no_keyring):
    keys = KeyStore(tmp_path, {})
    await keys.set("input.w.folder", "My Documents/ünder")
    assert await keys.get("input.w.folder") == "My Documents/ünder"
    with pytest.raises(BadRequest, match="no spaces"):
        await keys.set("openai", "My Documents")
    for value in ("two\nlines", "tab\tbed", "\u202eturned", " "):
        with pytest.raises(BadRequest):
            await keys.set("input.w.folder", value)

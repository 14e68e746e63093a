"""A file name from the title of a chat, whatever is in it; safe on every file system."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

LONGEST = 200  #: bytes of a name: file systems take 255
JOINERS = "\u200c\u200d"
FALLBACK = "chat"
_RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def file_name(title: str, suffix: str) -> str:
    """One without separators, control or direction characters, dots at its ends or a reserved name."""
    kept = "".join(" " if _never(character) else character for character in title)
    short = " ".join(kept.split()).encode()[:LONGEST].decode(errors="ignore")
    name = short.strip(f" .~{JOINERS}") or FALLBACK
    return f"{FALLBACK} {name}{suffix}" if _RESERVED.match(name) else f"{name}{suffix}"


def _never(character: str) -> bool:
    if character in JOINERS:
        return False
    return unicodedata.category(character)[0] in "CZ" or character in '/\\:*?"<>|'


def disposition(name: str) -> str:
    """The header's value: with the name as it is (RFC 6266), and in ASCII for who does not know that form."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w .()-]", "_", plain, flags=re.ASCII).strip()
    if plain.startswith("."):
        plain = f"{FALLBACK}{plain}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

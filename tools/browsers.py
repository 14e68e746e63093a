"""Which browser the tests drive: one that is installed, else Chromium from Debian's packages when we are
root there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)


def find() -> str | None:
    """The path of a Chromium, Chrome or Edge; `MANDRAKE_BROWSER` overrides the search, `none` means none."""
    chosen = os.environ.get("MANDRAKE_BROWSER")
    if chosen:
        return None if chosen == "none" else chosen
    return next((found for name in NAMES if (found := shutil.which(name))), None) or next(
        (place for place in PLACES if Path(place).exists()), None
    )


def install() -> str | None:
    """Chromium through apt-get, on a Debian-like system and as root only. Never asks, never raises."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0 or os.environ.get("MANDRAKE_BROWSER"):
        return None
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        [apt, "update", "-qq"],
        [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"],
    ):
        done = subprocess.run(
            command, env=quiet, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            print(done.stdout[-500:], done.stderr[-1500:], file=sys.stderr)
    return find()

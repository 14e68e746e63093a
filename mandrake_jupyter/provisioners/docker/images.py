"""The image of a container: there already, or fetched as its entry says, with its progress in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import EngineRefused, ImageMissing
from ..base import LaunchSpec, LogSink
from .engine import Engine

if TYPE_CHECKING:
    from docker import APIClient

#: Seconds a pull may take; the deadline of the start ends the wait for it earlier.
PULL_TIMEOUT = 1800.0
NEVER = 'Its entry says "pull": "never": build or load it, or write "missing" instead.'
NOT_FOUND = 'It could not be fetched: {why} Check its name, or build it and write "pull": "never".'


async def have(engine: Engine, spec: LaunchSpec, log: LogSink) -> None:
    """Raises ImageMissing with the way out, EngineOff."""
    container = spec.container
    assert container is not None
    if container.pull != "always" and await _is_there(engine, container.image):
        return
    if container.pull == "never":
        raise ImageMissing(name=spec.name, image=container.image, remedy=NEVER)
    log("mandrake", f"fetches the image {container.image}")
    try:
        await engine.call("fetch the image", _pull(container.image, log), timeout=PULL_TIMEOUT)
    except EngineRefused as exc:
        why = f"{exc.fields['why'].rstrip('.')}."
        raise ImageMissing(name=spec.name, image=container.image, remedy=NOT_FOUND.format(why=why)) from exc


async def _is_there(engine: Engine, image: str) -> bool:
    def look(api: APIClient) -> Any:
        inspect: Callable[[str], Any] = api.inspect_image
        return inspect(image)

    try:
        await engine.call("look for the image", look)
    except EngineRefused as exc:
        if exc.fields["engine_status"] != 404:
            raise
        return False
    return True


def _pull(image: str, log: LogSink) -> Callable[[APIClient], None]:
    def pull(api: APIClient) -> None:
        from docker.errors import APIError

        shown = -1
        for step in api.pull(image, stream=True, decode=True):
            if why := step.get("error"):
                raise APIError(why, explanation=why)
            detail = step.get("progressDetail") or {}
            if total := detail.get("total"):
                tenth = int(10 * detail.get("current", 0) / total)
                if tenth == shown:
                    continue
                shown = tenth
                log("mandrake", f"{step.get('status', '')} {tenth * 10} % of {total / 1e6:.0f} MB")

    return pull

"""The image of a container: there already, or fetched as its entry says, with its progress told and in the log."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import EngineRefused, ImageMissing
from ..base import LaunchSpec, LogSink
from .engine import Engine

if TYPE_CHECKING:
    from docker import APIClient

#: Seconds a pull may take where nobody says.
PULL_TIMEOUT = 600.0
NEVER = 'Its entry says "pull": "never": build or load it, or write "missing" instead.'
NOT_FOUND = 'It could not be fetched: {why} Check its name, or build it and write "pull": "never".'
TOO_LONG = (
    "It was not fetched within {seconds:g} s. What arrived is kept: try again, raise MCPServerManager.pull_timeout, "
    "or fetch it with docker pull."
)


async def have(
    engine: Engine,
    spec: LaunchSpec,
    log: LogSink,
    progress: Callable[[str], None] = lambda reason: None,
    timeout: float = PULL_TIMEOUT,
) -> None:
    """Raises ImageMissing with the way out, EngineOff."""
    container = spec.container
    assert container is not None
    if container.pull != "always" and await _is_there(engine, container.image):
        return
    if container.pull == "never":
        raise ImageMissing(name=spec.name, image=container.image, remedy=NEVER)
    log("mandrake", f"fetches the image {container.image}")
    progress("Fetching its image.")

    def told(percent: int) -> None:
        log("mandrake", f"fetched {percent} % of the image {container.image}")
        progress(f"Fetching its image: {percent} %.")

    try:
        await _pull(engine, container.image, told, timeout)
    except EngineRefused as exc:
        why = f"{exc.fields['why'].rstrip('.')}."
        raise ImageMissing(name=spec.name, image=container.image, remedy=NOT_FOUND.format(why=why)) from exc
    except TimeoutError as exc:
        words = TOO_LONG.format(seconds=timeout)
        raise ImageMissing(name=spec.name, image=container.image, remedy=words) from exc
    progress("")


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


async def _pull(engine: Engine, image: str, told: Callable[[int], None], timeout: float) -> None:
    """Raises EngineOff, EngineRefused, TimeoutError. Given up, it goes on with no layer more."""
    loop, given_up = asyncio.get_running_loop(), threading.Event()

    def work(api: APIClient) -> None:
        from docker.errors import APIError

        try:
            for percent in percents(_steps(api.pull(image, stream=True, decode=True), given_up)):
                loop.call_soon_threadsafe(told, percent)
        except PullFailed as exc:
            raise APIError(str(exc), explanation=str(exc)) from exc

    pulling = asyncio.ensure_future(engine.call("fetch the image", work, timeout=timeout + 60))
    try:
        done, _ = await asyncio.wait([pulling], timeout=timeout)
        if not done:
            raise TimeoutError
        pulling.result()
    finally:
        given_up.set()
        pulling.cancel()
        if not pulling.done():  # its thread ends with the next word of the engine; nobody waits for it
            pulling.add_done_callback(_seen)


class PullFailed(Exception):
    """In the engine's words."""


def _steps(said: Iterable[Any], given_up: threading.Event) -> Iterable[Any]:
    for step in said:
        if given_up.is_set():
            return
        yield step


def percents(steps: Iterable[Mapping[str, Any]]) -> Iterable[int]:
    """Of all layers that are known so far, each ten once, rising. Raises PullFailed."""
    layers: dict[str, tuple[int, int]] = {}
    shown = 0
    for step in steps:
        if why := step.get("error"):
            raise PullFailed(why)
        detail = step.get("progressDetail") or {}
        if step.get("status") == "Downloading" and (total := detail.get("total")):
            layers[step.get("id", "")] = (detail.get("current", 0), total)
        elif step.get("status") == "Download complete" and (known := layers.get(step.get("id", ""))):
            layers[step["id"]] = (known[1], known[1])
        else:
            continue
        have, whole = (sum(sizes) for sizes in zip(*layers.values(), strict=True))
        if (tens := 10 * (10 * have // whole)) > shown:
            shown = tens
            yield tens


def _seen(pulling: asyncio.Future[None]) -> None:
    if not pulling.cancelled():
        pulling.exception()

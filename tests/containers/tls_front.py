"""TLS before an engine, as ``dockerd --tlsverify`` has it: only who shows a certificate of the authority gets through."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def certificates(folder: Path) -> None:
    """``ca.pem``, ``cert.pem`` and ``key.pem`` as Docker names them; good for 127.0.0.1 and for a client."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl("req", *curve[:-2], "-keyout", "key.pem", "-out", "request", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
    openssl("x509", "-req", "-in", "request", "-out", "cert.pem", *signed)


@contextmanager
def tls_front(folder: Path, socket: str) -> Iterator[str]:
    """In a thread of its own, before the engine at `socket`; its address as in ``DOCKER_HOST``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(2**16):
                writer.write(part)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_unix_connection(socket)
        pumps = [
            asyncio.create_task(pump(reader, engine_writer)),
            asyncio.create_task(pump(engine_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in pumps:
                one.cancel()
            await asyncio.wait(pumps)
            engine_writer.close()
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=1)
        made.append((asyncio.get_running_loop(), server.sockets[0].getsockname()[1]))
        up.set()
        async with server:
            await over.wait()

    made: list[tuple[asyncio.AbstractEventLoop, int]] = []
    up, over = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        assert up.wait(20)
        yield f"tcp://127.0.0.1:{made[0][1]}"
    finally:
        made[0][0].call_soon_threadsafe(over.set)
        thread.join(20)

"""Addresses, Unix sockets, TLS on loopback and proxies: the ways a request can go."""

from __future__ import annotations

import http.server
import socket
import socketserver
import ssl
import subprocess
import threading

import pytest

from mandrake_jupyter.client import ConnectionLost, MandrakeClient
from mandrake_jupyter.client.transport import Address


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "loopback"),
    [
        ("http://127.0.0.1:8888", "127.0.0.1", 8888, "/", True),
        ("http://localhost:8888/user/ada", "localhost", 8888, "/user/ada/", True),
        ("https://hub.example.org/user/ada/", "hub.example.org", 443, "/user/ada/", False),
        ("http://0.0.0.0:8888/", "127.0.0.1", 8888, "/", True),
        ("http://[::1]:8888/", "::1", 8888, "/", True),
    ],
)
def test_an_address_is_read_from_a_url(url, host, port, path, loopback):
    address = Address.parse(url)
    assert (address.host, address.port, address.path, address.loopback) == (host, port, path, loopback)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("url", ["", "ftp://x/", "127.0.0.1:8888", "http:///x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match="not the address"):
        MandrakeClient(url)


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.lines.append(self.requestline)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[]")

    def address_string(self):
        return "client"

    def log_message(self, *_):
        pass


def _serve(server):
    server.lines = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    return thread


def test_a_server_on_a_unix_socket_is_reached(tmp_path):
    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    sock = tmp_path / "jupyter.sock"
    with Server(str(sock), _Answer) as server:
        thread = _serve(server)
        quoted = str(sock).replace("/", "%2F")
        assert MandrakeClient(f"http+unix://{quoted}/base/", "t").workspaces() == []
        assert server.lines == ["GET /base/mandrake/workspaces HTTP/1.1"]
        server.shutdown()
        thread.join()
    with pytest.raises(ConnectionLost):
        MandrakeClient(f"http+unix://{quoted}.gone/").workspaces()


def test_a_self_signed_certificate_is_taken_on_loopback_only(tmp_path, monkeypatch):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=elsewhere.example",
         "-keyout", str(key), "-out", str(cert)], capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl could not make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    with Server(("127.0.0.1", 0), _Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = _serve(server)
        client = MandrakeClient(f"https://127.0.0.1:{server.server_port}/", "t")
        assert client.workspaces() == []
        monkeypatch.setattr(Address, "loopback", property(lambda _: False))
        monkeypatch.setenv("no_proxy", "*")
        with pytest.raises(ConnectionLost, match="certificate"):
            client.workspaces()
        server.shutdown()
        thread.join()


def test_a_proxy_is_used_for_an_address_elsewhere(monkeypatch):
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), _Answer) as proxy:
        thread = _serve(proxy)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert MandrakeClient("http://jupyter.example.org:8000/", "t").workspaces() == []
        assert proxy.lines == ["GET http://jupyter.example.org:8000/mandrake/workspaces HTTP/1.1"]
        proxy.shutdown()
        thread.join()


def test_a_server_that_never_answers_is_a_lost_connection():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = MandrakeClient(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.2)
        with pytest.raises(ConnectionLost, match="did not answer"):
            client.workspaces()

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from apps.common import outgoing_http
from apps.common.outgoing_http import NoAnswerError, post
from tests.certificates import make_certificate


@pytest.fixture
def certificate(tmp_path) -> str:
    """The path of a key and its certificate for localhost."""
    return str(make_certificate(tmp_path))


@pytest.fixture
def slow_server(certificate, monkeypatch) -> Iterator[int]:
    """The port of a TLS server that sends a byte every 50 ms, for 3 s."""
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(outgoing_http, "_TLS", trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    stop = threading.Event()
    with socket.create_server(("localhost", 0)) as listener:
        thread = threading.Thread(target=_send_slowly, args=(listener, context, stop))
        thread.start()
        yield listener.getsockname()[1]
        stop.set()
        thread.join()


def _send_slowly(listener: socket.socket, context: ssl.SSLContext, stop: threading.Event) -> None:
    plain, _address = listener.accept()
    with context.wrap_socket(plain, server_side=True) as connection:
        connection.recv(65536)
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
        try:
            for byte in answer + bytes(20):
                connection.sendall(bytes([byte]))
                if stop.wait(0.05):
                    return
        except OSError:
            return


def test_slow_answer_over_tls_ends_at_the_total_timeout(slow_server, monkeypatch):
    monkeypatch.setattr(outgoing_http, "TOTAL_TIMEOUT", 0.3)

    with pytest.raises(NoAnswerError):
        post(f"https://localhost:{slow_server}/", b"x", {}, allow_private=True)

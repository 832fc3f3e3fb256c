"""coturn with deploy/turnserver.conf on loopback."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.server import free_port

CONFIG = Path(__file__).resolve().parent.parent / "deploy" / "turnserver.conf"
SECRET = "a-relay-of-these-tests-alone"


@contextlib.contextmanager
def coturn(folder: Path, left_out: str = "nothing", more: str = "") -> Iterator[int]:
    """Start coturn without a line of its configuration, with others added; yield its port."""
    port = free_port()
    text = CONFIG.read_text().replace("CHANGE-ME", SECRET)
    text = text.replace("listening-port=3478", f"listening-port={port}")
    text = text.replace(left_out, "# left out")
    text += "\nlistening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nlog-file=stdout\n"
    text += f"pidfile={folder}/pid\nuserdb={folder}/users\n{more}\n"
    (folder / "turnserver.conf").write_text(text)
    command = ["turnserver", "-c", str(folder / "turnserver.conf")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    """Whether it answers a binding request (RFC 8489) over UDP, which it opens after TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect(("127.0.0.1", port))
        try:
            probe.send(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"kreida-tests")
            return bool(probe.recv(1500))
        except OSError:
            time.sleep(0.05)
            return False

"""nginx with deploy/nginx.conf, except for ports, TLS and the path of its log."""

import contextlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.server import free_port

CONF = Path(__file__).resolve().parent.parent / "deploy" / "nginx.conf"


@contextlib.contextmanager
def nginx(
    folder: Path,
    servers: list[str],
    connections_of_a_client: int | None = None,
    port: int | None = None,
    changes: dict[str, str] | None = None,
) -> Iterator[str]:
    """Start nginx in front of the servers and yield its URL; `connections_of_a_client` replaces the
    limit of connections per client address, `changes` replace parts of the configuration."""
    port = port or free_port()
    conf = CONF.read_text().split("server {\n    listen 80;")[0]
    conf = conf.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    conf = re.sub(r"\n\s+ssl_\S+\s+\S+;", "", conf).replace("/var/log/nginx", str(folder))
    conf = conf.replace("server_name kreida.example", "server_name 127.0.0.1")
    if connections_of_a_client is not None:
        bound = re.compile(r"(limit_conn kreida_clients) \d+;")
        assert bound.search(conf)
        conf = bound.sub(rf"\1 {connections_of_a_client};", conf)
    for part, other in (changes or {}).items():
        assert part in conf
        conf = conf.replace(part, other)
    for number, server in enumerate(servers, 1):
        conf = conf.replace(f"127.0.0.1:800{number}", server.removeprefix("http://"))
    main = folder / "nginx.conf"
    # Its workers would otherwise be another user, who cannot write into the folders of tests.
    user = "user root; " if os.geteuid() == 0 else ""
    main.write_text(
        f"{user}daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ {_temp_paths(folder)}\n{conf}\n}}\n"
    )
    subprocess.run(["nginx", "-t", "-q", "-c", main, "-p", folder], check=True)
    process = subprocess.Popen(["nginx", "-c", main, "-p", folder])
    _wait_for(process, port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)) != 0:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _temp_paths(folder: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)

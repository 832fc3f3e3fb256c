"""`kreida doctor` against a real coturn, and behind nginx with deploy/nginx.conf."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from django.utils import timezone

from apps.operations.doctor import probe, proxy, turn
from apps.operations.doctor.report import Status
from tests.certificates import make_certificate
from tests.coturn import SECRET, coturn
from tests.proxy import nginx
from tests.server import ROOT, Kreida, free_port, start_kreida, stop_kreida

LOOPBACK = "denied-peer-ip=127.0.0.0-127.255.255.255"  # where the relay of a test is
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"


@pytest.fixture(scope="module")
def relay(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The URLs of coturn by transport; its certificate is trusted while the module runs."""
    folder, tls = tmp_path_factory.mktemp("coturn"), free_port()
    certificate = make_certificate(folder)
    more = f"tls-listening-port={tls}\ncert={certificate}\npkey={certificate}"
    with pytest.MonkeyPatch.context() as patched, coturn(folder, LOOPBACK, more) as port:
        patched.setenv("SSL_CERT_FILE", str(certificate))
        yield {
            "udp": f"turn:localhost:{port}?transport=udp",
            "tcp": f"turn:localhost:{port}?transport=tcp",
            "tls": f"turns:localhost:{tls}",
        }


def check_turn(settings, *urls: str, secret: str = SECRET):
    settings.TURN_URLS, settings.TURN_SECRET = list(urls), secret
    return turn.check_turn(timezone.now())


@pytest.mark.turn
@pytest.mark.any_database
def test_relay_passes_a_packet_over_each_transport(settings, relay):
    results = check_turn(settings, *relay.values())
    assert [result.status for result in results] == [Status.OK] * 3, results
    assert [f"{result.detail.split(' relays over ')[1][:10]}" for result in results] == [
        "UDP by 127",
        "TCP by 127",
        "TLS by 127",
    ]


@pytest.mark.turn
@pytest.mark.any_database
@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_wrong_secret_of_the_relay_is_named(settings, relay, transport):
    [result, *_hints] = check_turn(settings, relay[transport], secret="another-secret-than-coturn")
    assert result.status == Status.FAILED
    assert "TURN_SECRET is not the static-auth-secret" in result.detail


@pytest.mark.turn
@pytest.mark.any_database
def test_relay_that_denies_its_own_address_is_named(settings, tmp_path):
    with coturn(tmp_path) as port:
        [result, *_hints] = check_turn(settings, f"turn:127.0.0.1:{port}")
    assert result.status == Status.FAILED
    assert "Set external-ip" in result.detail


@pytest.mark.turn
@pytest.mark.any_database
def test_untrusted_certificate_of_the_relay_is_named(settings, relay, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    [result, *_hints] = check_turn(settings, relay["tls"])
    assert result.status == Status.FAILED
    assert "Mend cert and pkey" in result.detail


@pytest.mark.any_database
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_relay_that_does_not_run_is_named(settings, transport, monkeypatch):
    monkeypatch.setattr("apps.operations.doctor.stun.TIMEOUT", 0.5)
    [result, hint] = check_turn(
        settings, f"turn:127.0.0.1:{free_port()}?transport={transport}", "turns:127.0.0.1:1"
    )[::2]
    assert result.status == Status.FAILED
    assert hint.status == Status.WARNING


@pytest.fixture(scope="module")
def behind(tmp_path_factory, kreida_seed) -> Iterator[tuple[Kreida, int]]:
    """A server, and the port of the proxy that PUBLIC_URL names."""
    port = free_port()
    server = start_kreida(
        tmp_path_factory.mktemp("k"),
        kreida_seed,
        PUBLIC_URL=f"http://127.0.0.1:{port}",
        TRUSTED_PROXIES="127.0.0.0/8",
        SECRET_KEY=KEY,
    )
    yield server, port
    stop_kreida(server)


@pytest.fixture
def check_proxy(settings, tmp_path, behind):
    server, port = behind
    settings.PUBLIC_URL, settings.SECRET_KEY = f"http://127.0.0.1:{port}", KEY
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]

    def check(wait: int = 0, **options):
        with nginx(tmp_path, [server.url, server.url], port=port, **options):
            return proxy.check_proxy(timezone.now(), wait)

    return check


@pytest.mark.nginx
@pytest.mark.any_database
def test_proxy_of_deploy_is_well(check_proxy):
    [result] = check_proxy(wait=1)
    assert result.status == Status.OK, result.detail
    assert "as 127.0.0.1: sockets, 20 MiB bodies, answers after 1 s" in result.detail


WRONG_PROXIES = {
    "client_max_body_size 21m": ("client_max_body_size 2m", "refuses bodies of 20 MiB"),
    "Upgrade $http_upgrade": ("Upgrade ''", "No WebSocket can be opened"),
    "proxy_read_timeout 120s": ("proxy_read_timeout 1s", "does not wait 2 s"),
    "proxy_set_header X-Forwarded-For $remote_addr;": (
        "proxy_set_header X-Forwarded-For '';",
        "does not say whom a request is from",
    ),
    "X-Forwarded-For $remote_addr": (
        "X-Forwarded-For $http_x_forwarded_for",
        "believes what clients say",
    ),
    "X-Forwarded-Proto $scheme": ("X-Forwarded-Proto https", "The proxy says https"),
    "Host $host": ("Host localhost", "changes the host to localhost"),
}


@pytest.mark.nginx
@pytest.mark.any_database
@pytest.mark.parametrize("part", WRONG_PROXIES)
def test_wrong_line_of_the_proxy_is_named(check_proxy, part):
    other, said = WRONG_PROXIES[part]
    results = check_proxy(wait=2 if "timeout" in part else 0, changes={part: other})
    assert {result.status for result in results} == {Status.FAILED}
    assert [said in result.detail for result in results] == [True], results


@pytest.mark.any_database
def test_proxy_that_does_not_run_is_named(settings):
    settings.PUBLIC_URL = f"http://127.0.0.1:{free_port()}"
    [result] = proxy.check_proxy(timezone.now(), 0)
    assert "does not answer" in result.detail


@pytest.mark.any_database
@pytest.mark.parametrize("token", [{}, {probe.HEADER: "x"}], ids=["none", "forged"])
def test_strangers_do_not_find_what_answers_the_doctor(kreida, token):
    answer = httpx.post(kreida.url + probe.PATH, headers=token)
    assert answer.status_code in (403, 404)
    assert "forwarded_for" not in answer.text


@pytest.mark.any_database
def test_doctor_of_a_running_server_writes_json_and_says_what_failed(kreida):
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    where = {"DATA_DIR": str(kreida.data_dir), "PORT": kreida.url.rpartition(":")[2]}
    done = subprocess.run(
        [sys.executable, "-m", "kreida", "doctor", "--json", "--wait", "0"],
        cwd=ROOT,
        env={**env, **where},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    found = {check["check"]: check["status"] for check in report["checks"]}
    assert report["status"] == "failed"
    assert [name for name, status in found.items() if status == "failed"] == ["backup"]
    names = "settings secrets database redis clock tzdata data worker mail backup proxy turn"
    assert list(found) == names.split()

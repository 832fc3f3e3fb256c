"""Mail delivery when the server is killed or the mail server hangs."""

import signal
import sqlite3
import threading

import httpx
import pytest

from tests.builders import AUTH, PASSWORD
from tests.server import start_kreida, stop_kreida
from tests.smtp import SmtpServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("mail_delivery")]


@pytest.fixture
def smtp():
    server = SmtpServer()
    yield server
    server.stop()


def sign_up(server, email="new@school.example"):
    person = {"first_name": "Нова", "last_name": "Людина", "role": "tutor", "password": PASSWORD}
    return httpx.post(f"{server.url}{AUTH}/signup", json={**person, "email": email})


def test_mail_is_not_sent_again_when_the_server_is_killed_while_sending(
    smtp, tmp_path, kreida_seed
):
    taken, dead = threading.Event(), threading.Event()

    def wait_for_the_kill():
        taken.set()
        dead.wait(20)

    smtp.before_answer = wait_for_the_kill
    first = start_kreida(tmp_path, kreida_seed, EMAIL_URL=smtp.url)
    assert sign_up(first).status_code == 401  # the address must be verified first
    assert taken.wait(20)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(20)
    dead.set()
    smtp.before_answer = lambda: None
    with sqlite3.connect(tmp_path / "kreida.sqlite3") as database:
        database.execute("UPDATE common_mailmessage SET try_at = '2026-01-01 00:00:00'")
        database.execute("UPDATE common_periodicjob SET due_at = '2026-01-01 00:00:00'")
    second = start_kreida(tmp_path, EMAIL_URL=smtp.url)
    states = "SELECT state FROM common_mailmessage"
    wait_until(lambda: database.execute(states).fetchall() == [("uncertain",)])
    assert stop_kreida(second) == 0
    assert len(smtp.messages) == 1


def test_hanging_mail_server_delays_neither_requests_nor_shutdown(smtp, tmp_path, kreida_seed):
    """A request that waited for the mail server would be answered after the server had been given
    up, and a process that waited for it would not stop in time."""
    smtp.hangs = True
    server = start_kreida(tmp_path, kreida_seed, EMAIL_URL=smtp.url)
    for number in range(4):
        assert sign_up(server, f"p{number}@school.example").status_code == 401
    assert smtp.given_up < 4
    wait_until(lambda: smtp.connections > 0)
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert stop_kreida(server) == 0

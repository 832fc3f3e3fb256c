"""Reading a large file takes a second, and others need the threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

from apps.common.turns import turn
from apps.web.roster.tests.test_roster_pages import PREVIEW, confirm, upload

ROSTER = b"name,email\nOlena,olena@x.example\n"


def test_files_of_one_tutor_are_read_in_turn(browser, tutor, classroom, monkeypatch):
    monkeypatch.setattr("apps.common.turns.MAX_WAIT", 0.05)
    client = browser(tutor)
    page = upload(client, ROSTER, classroom=classroom.pk)
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(tutor.pk):
            held.set()
            leave.wait(20)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert held.wait(20)
        refused = [
            upload(client, ROSTER, classroom=classroom.pk),
            client.get(PREVIEW),
            confirm(client, page),
        ]
        leave.set()
    assert [each.status_code for each in refused] == [429, 429, 429]
    assert confirm(client, page).status_code == 302
    assert classroom.memberships.count() == 2  # with the student of the fixture

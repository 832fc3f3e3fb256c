"""Refused uploads, messages and invitations are security events, one line a minute of each."""

import asyncio

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.classroom import chat_limits, upload_limits
from apps.classrooms import invitations
from apps.common import security_log
from apps.common.security_log import log_refusal

ADDRESS = "127.0.0.1"


@pytest.fixture
def refusals(log_lines):
    """Returns a function that gives event, code, account and address of each refusal so far."""

    def read():
        return [
            (line["event"], line["code"], line["user_id"], line["address"])
            for line in log_lines()
            if line["logger"] == "kreida.security" and line["event"].endswith("_refused")
        ]

    return read


def upload(client, lesson):
    path = f"/api/classroom/sessions/{lesson.session.uuid}/files/"
    file = SimpleUploadedFile("x.png", b"x", "image/png")
    return client.post(path, {"file": file}, format="multipart").status_code


def test_upload_over_a_limit_is_logged_once_a_minute(api, lesson, student, refusals, monkeypatch):
    monkeypatch.setattr(upload_limits, "BYTES_PER_WINDOW", 0)
    assert {upload(api(student), lesson) for _ in range(3)} == {429}
    assert refusals() == [("upload_refused", "throttled", student.pk, ADDRESS)]


def test_upload_of_a_stranger_is_logged(api, lesson, stranger, refusals):
    assert upload(api(stranger), lesson) == 403
    assert refusals() == [("upload_refused", "forbidden", stranger.pk, ADDRESS)]


def test_upload_of_a_file_that_is_no_picture_is_not_logged(api, lesson, student, refusals):
    assert upload(api(student), lesson) == 415
    assert refusals() == []


def test_invitations_over_the_limit_are_logged_of_each_tutor(
    api, client, classroom, other_tutor, refusals, monkeypatch
):
    monkeypatch.setattr(invitations, "MAX_PER_TUTOR", 0)
    path = f"/classrooms/{classroom.pk}/"
    sent = {"email": "new@x.example"}
    assert api(classroom.tutor).post(f"/api{path}members/", sent).status_code == 429
    client.force_login(classroom.tutor, "allauth.account.auth_backends.AuthenticationBackend")
    client.post(f"{path}invite/", sent)
    assert api(other_tutor).post(f"/api{path}members/", sent).status_code == 403
    assert refusals() == [
        ("invitation_refused", "throttled", classroom.tutor.pk, ADDRESS),
        ("invitation_refused", "forbidden", other_tutor.pk, ADDRESS),
    ]


def test_refused_messages_of_a_room_are_logged(live_room, refusals, monkeypatch):
    monkeypatch.setattr(chat_limits, "MESSAGES_PER_DAY", 0)
    ticket = live_room.ticket(live_room.student)

    async def run():
        async with live_room.events(ticket) as student:
            await student.wait_for("welcome")
            for _ in range(2):
                await student.send_chat("x")
                assert (await student.wait_for("error"))["code"] == "throttled"
            await student.send("lobby.set", enabled=False)
            assert (await student.wait_for("error"))["code"] == "forbidden"

    asyncio.run(run())
    account = live_room.student.pk
    assert refusals() == [
        ("chat_send_refused", "throttled", account, ADDRESS),
        ("lobby_set_refused", "forbidden", account, ADDRESS),
    ]


def test_refusals_are_limited_by_event_account_and_minute(refusals, monkeypatch):
    now = [60.0]
    monkeypatch.setattr(security_log.time, "time", lambda: now[0])
    for user_id, address in [(1, "192.0.2.1"), (1, "192.0.2.2"), (2, "192.0.2.1")] * 2:
        log_refusal("upload_refused", "throttled", user_id=user_id, address=address)
    for address in ("2001:db8::1", "2001:db8::2"):  # a guest, in one network
        log_refusal("upload_refused", "throttled", user_id=None, address=address)
    assert len(refusals()) == 3
    now[0] += 60
    log_refusal("upload_refused", "throttled", user_id=1, address="192.0.2.1")
    assert len(refusals()) == 4

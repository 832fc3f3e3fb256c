"""Opening an invite link."""

import logging
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.classroom import guest_sessions
from apps.classroom.guest_sessions import MAX_NAME
from apps.classroom.policies import GUEST_GRACE
from apps.common import rate_limits
from apps.lessons.invites import make_invite, make_invite_until_end
from apps.lessons.services import revoke_invites
from tests.builders import HOUR, make_classroom, make_lesson

MINUTE = timedelta(minutes=1)


@pytest.fixture
def soon(tutor, student):
    """A lesson that starts in five minutes, so that guests may enter."""
    make_classroom(tutor, student)
    return make_lesson(tutor, student, timezone.now() + 5 * MINUTE)


def invite_path(lesson, **how):
    how.setdefault("now", timezone.now())
    return "/invite/" + make_invite(lesson=lesson, **how).token


def follow(client, path):
    return client.get(path, follow=True)


def actions(page):
    """The number of buttons and button-like links in the main part of the page."""
    body = page.partition("<main")[2].partition("</main>")[0]
    return body.count('class="btn')


def test_token_is_redirected_out_of_the_url(browser, soon):
    response = browser().get(invite_path(soon))
    assert response.url == "/invite/"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]


def test_token_is_in_no_log(browser, soon, caplog):
    path = invite_path(soon)
    with caplog.at_level(logging.DEBUG):
        follow(browser(), path)
    logged = [f"{record.getMessage()}{getattr(record, 'data', '')}" for record in caplog.records]
    assert any("invite/<str:token>/" in line for line in logged)
    assert not any(path.rpartition("/")[2] in line for line in logged)


def test_token_is_in_no_page(browser, soon):
    path = invite_path(soon)
    assert path.rpartition("/")[2] not in follow(browser(), path).content.decode()


def test_signed_in_user_is_redirected_to_the_room(browser, stranger, soon):
    client = browser(stranger)
    assert client.get(invite_path(soon)).url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"
    guest = guest_sessions.load_guest(client.session, soon.session.uuid)
    assert (guest.key, guest.name) == (f"u{stranger.pk}", stranger.get_full_name())


def test_visitor_continues_to_the_room_after_sign_in(browser, stranger, soon):
    stranger.set_password("chalk and board 7")
    stranger.save()
    client = browser()
    page = follow(client, invite_path(soon)).content.decode()
    assert 'href="/accounts/login/?next=/invite/"' in page
    response = client.post(
        "/accounts/login/",
        {"login": stranger.email, "password": "chalk and board 7", "next": "/invite/"},
    )
    assert response.url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_visitor_continues_to_the_room_after_sign_up(browser, soon):
    client = browser()
    follow(client, invite_path(soon))
    response = client.post(
        "/accounts/signup/",
        {
            "email": "new@school.example",
            "password1": "chalk and board 7",
            "first_name": "New",
            "last_name": "Person",
            "role": "student",
            "timezone": "Europe/Kyiv",
            "next": "/invite/",
        },
    )
    assert response.url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_guest_enters_with_a_name(browser, soon):
    client = browser()
    follow(client, invite_path(soon))
    assert client.post("/invite/guest/", {"name": " "}).status_code == 400
    response = client.post("/invite/guest/", {"name": "Марко"})
    assert response.url == f"/lessons/{soon.pk}/room/"
    guest = guest_sessions.load_guest(client.session, soon.session.uuid)
    assert guest.name == "Марко"


def test_guest_joins_the_room_without_sending_the_invite(browser, soon):
    client = browser()
    follow(client, invite_path(soon))
    page = client.get(client.post("/invite/guest/", {"name": "Марко"}).url)
    config = page.context["config"]
    assert (config["guest"], config["user"]) == (True, {"name": "Марко"})
    response = client.post(config["joinUrl"], {}, "application/json")
    assert (response.status_code, response.json()["role"]) == (200, "guest")


def test_name_of_an_earlier_guest_is_offered_for_the_next_lesson(browser, soon, tutor, student):
    client = browser()
    follow(client, invite_path(soon))
    client.post("/invite/guest/", {"name": "Марко"})
    next_lesson = make_lesson(tutor, student, timezone.now() - HOUR)
    assert 'value="Марко"' in follow(client, invite_path(next_lesson)).content.decode()


@pytest.mark.parametrize(("length", "status"), [(MAX_NAME, 302), (MAX_NAME + 1, 400)])
def test_name_of_guest_has_the_same_limit_on_the_page_and_in_the_api(browser, soon, length, status):
    client = browser()
    path = invite_path(soon)
    follow(client, path)
    assert client.post("/invite/guest/", {"name": "я" * length}).status_code == status
    url = f"/api/classroom/sessions/{soon.session.uuid}/join/"
    body = {"invite": path.rpartition("/")[2], "name": "я" * length}
    joined = browser().post(url, body, "application/json")
    assert joined.status_code == {302: 200, 400: 400}[status]


def test_guest_without_link_is_refused(browser, soon):
    assert browser().post("/invite/guest/", {"name": "Марко"}).status_code == 400


def test_expired_link_shows_its_page(browser, soon):
    response = follow(browser(), invite_path(soon, now=timezone.now() - 2 * HOUR, ttl_seconds=3600))
    assert response.status_code == 410
    assert "This link has expired" in response.content.decode()
    assert actions(response.content.decode()) == 1


def test_revoked_link_shows_its_page(browser, soon):
    path = invite_path(soon)
    revoke_invites(lesson_id=soon.pk)
    response = follow(browser(), path)
    assert response.status_code == 400
    assert "This link was revoked" in response.content.decode()
    assert actions(response.content.decode()) == 1


@pytest.mark.parametrize("damage", ["x", "a.b.c", "ї"])
def test_invalid_link_shows_its_page(damage, browser, soon):
    response = follow(browser(), invite_path(soon) + damage)
    assert response.status_code == 400
    assert actions(response.content.decode()) == 1


@pytest.mark.parametrize(
    "mess", [".", "),", "%C2%A0", "%00", "”", "%3E", "/?utm_source=x", "//", "%0A", "/.", "/”"]
)
def test_pasted_link_is_cleaned(mess, browser, soon):
    assert follow(browser(), invite_path(soon) + mess).status_code == 200


@pytest.mark.parametrize("path", ["/INVITE/", "/Invite//"])
def test_link_with_uppercase_path_opens_the_lesson(path, browser, soon):
    assert follow(browser(), invite_path(soon).replace("/invite/", path)).status_code == 200


def test_join_link_in_uppercase_redirects_to_join(browser, student, classroom):
    page = browser(student).get(f"/JOIN/{classroom.join_code}/")
    assert page.status_code == 200
    assert classroom.join_code in page.content.decode()


def test_other_paths_in_uppercase_are_not_found(browser, tutor):
    assert browser(tutor).get("/CALENDAR/").status_code == 404


def test_join_code_in_invite_link_redirects_to_join(browser, classroom):
    response = browser().get(f"/invite/{classroom.join_code.lower()}/")
    assert response.url == f"/join/{classroom.join_code}/"


def test_link_of_cancelled_lesson_shows_its_page(browser, soon, tutor):
    path = invite_path(soon)
    browser(tutor).post(f"/lessons/{soon.pk}/cancel/")
    response = follow(browser(), path)
    assert response.status_code == 409
    assert "This lesson was cancelled" in response.content.decode()
    assert actions(response.content.decode()) == 1


def test_link_opened_too_early_shows_the_start(browser, stranger, tutor, student):
    later = make_lesson(tutor, student, timezone.now() + 3 * HOUR)
    for client in (browser(), browser(stranger)):
        page = follow(client, invite_path(later)).content.decode()
        assert "You are early" in page
        assert "data-opens-at" in page
        assert actions(page) == 1
        assert client.post("/invite/guest/", {"name": "A"}).status_code == 200
        assert guest_sessions.latest_name(client.session) == ""


def test_participants_enter_early(browser, tutor, student):
    later = make_lesson(tutor, student, timezone.now() + 3 * HOUR)
    for person in (tutor, student):
        client = browser(person)
        client.get(invite_path(later))
        assert client.get("/invite/").url == f"/lessons/{later.pk}/room/"


def end_lesson(lesson, how):
    if how == "ended":
        lesson.complete(ended_at=timezone.now())
    else:
        lesson.starts_at, lesson.ends_at = timezone.now() - 3 * HOUR, timezone.now() - 2 * HOUR
        lesson.save()


@pytest.mark.parametrize("how", ["ended", "past"])
@pytest.mark.parametrize("ttl", [3600, 60])
def test_link_of_ended_lesson_shows_its_page(browser, stranger, soon, how, ttl):
    path = invite_path(
        soon, now=timezone.now() - 10 * MINUTE, ttl_seconds=ttl
    )  # valid, or expired by now
    end_lesson(soon, how)
    for client in (browser(), browser(stranger)):
        response = follow(client, path)
        assert response.status_code == 410
        assert "This lesson has ended" in response.content.decode()
        assert actions(response.content.decode()) == 1
        assert client.post("/invite/guest/", {"name": "Марко"}).status_code == 410


def test_participants_enter_ended_lesson_by_link(browser, tutor, student, soon):
    path = invite_path(soon)
    end_lesson(soon, "ended")
    for person in (tutor, student):
        client = browser(person)
        client.get(path)
        assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_guest_enters_lesson_that_runs_late(browser, soon):
    path = invite_path(soon)
    soon.starts_at, soon.ends_at = timezone.now() - HOUR, timezone.now() - 5 * MINUTE
    soon.save()
    assert follow(browser(), path).status_code == 200


def test_revoked_link_of_ended_lesson_shows_the_revocation(browser, soon):
    path = invite_path(soon)
    revoke_invites(lesson_id=soon.pk)
    end_lesson(soon, "ended")
    assert follow(browser(), path).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/invite/", "/classrooms/invitation/"])
def test_made_up_link_creates_no_session(browser, path):
    from django.contrib.sessions.models import Session

    for token in ("x" * 2000, "a.b.c"):
        browser().get(f"{path}{token}/")
    assert not Session.objects.exists()


def create_link(client, lesson, ttl_seconds):
    page = client.post(f"/lessons/{lesson.pk}/invite/", {"ttl_seconds": ttl_seconds}, follow=True)
    return page.context["link"].url.removeprefix(settings.PUBLIC_URL)


def move(lesson, **by):
    lesson.starts_at += timedelta(**by)
    lesson.ends_at += timedelta(**by)
    lesson.save()


def answer(client, path):
    return client.get(f"{path}/", follow=True).status_code


def test_link_until_the_end_follows_a_moved_lesson(browser, tutor, coming_lesson):
    client = browser(tutor)
    until_end = create_link(client, coming_lesson, 0)
    move(coming_lesson, days=-3)
    assert answer(browser(), until_end) == 410
    move(coming_lesson, days=40)
    assert answer(browser(), until_end) == 200
    page, end = client.get(f"/lessons/{coming_lesson.pk}/"), coming_lesson.ends_at + GUEST_GRACE
    assert page.context["link"].expires_at == end.replace(microsecond=0)
    assert "If you move the lesson, the link works until its new end." in page.content.decode()


def test_link_until_the_end_outlives_its_own_expiry(browser, tutor, student, classroom):
    """As the token was signed, it ended before the lesson now does."""
    lesson = make_lesson(tutor, student, timezone.now() - 3 * HOUR)
    token = make_invite_until_end(lesson=lesson).token
    assert answer(browser(), f"/invite/{token}") == 410
    move(lesson, hours=3)
    assert answer(browser(), f"/invite/{token}") == 200


def test_link_with_a_chosen_life_keeps_it(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now())
    token = make_invite(lesson=lesson, ttl_seconds=60, now=timezone.now() - HOUR).token
    move(lesson, days=1)
    assert answer(browser(), f"/invite/{token}") == 410


def test_guest_of_a_link_until_the_end_stays_in_a_prolonged_lesson(tutor, student, classroom, api):
    lesson = make_lesson(tutor, student, timezone.now() - HOUR / 2)
    token = make_invite_until_end(lesson=lesson).token
    guest, url = api(None), f"/api/classroom/sessions/{lesson.session.uuid}/join/"
    assert guest.post(url, {"invite": token, "name": "Ґалаґан"}).status_code == 200
    lesson.starts_at, lesson.ends_at = (timezone.now() - GUEST_GRACE - HOUR * n for n in (1, 0))
    lesson.save()
    assert guest.post(url, {"invite": token}).status_code == 410
    lesson.ends_at += HOUR
    lesson.save()
    assert guest.post(url, {}).status_code == 200


def test_links_opened_without_cookies_are_limited(browser, soon, monkeypatch):
    """Each of them stores a session for two weeks."""
    monkeypatch.setitem(rate_limits.REQUESTS_PER_WINDOW, "link", 3)
    path, visitor = invite_path(soon), browser()
    statuses = [browser().get(path).status_code for _ in range(5)]
    assert statuses == [302, 302, 302, 429, 429]
    assert Session.objects.count() == 3
    visitor.cookies["sessionid"] = Session.objects.first().session_key
    assert [visitor.get(path).status_code for _ in range(5)] == [302] * 5

"""Coming through an invite link."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.lessons.invites import make_invite
from conftest import HOUR, make_classroom, make_lesson

MINUTE = timedelta(minutes=1)


@pytest.fixture
def soon(tutor, student):
    """A lesson whose room is open to guests by now."""
    make_classroom(tutor, student)
    return make_lesson(tutor, student, timezone.now() + 5 * MINUTE)


def link(lesson, **how):
    how.setdefault("now", timezone.now())
    return "/invite/" + make_invite(lesson=lesson, **how).token


def opened(client, path):
    return client.get(path, follow=True)


def actions(page):
    """The buttons and links in the page's body that lead on."""
    body = page.partition("<main")[2].partition("</main>")[0]
    return body.count('class="btn')


def test_the_token_leaves_the_address_at_once(browser, soon):
    answer = browser().get(link(soon))
    assert answer.url == "/invite/"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_the_token_is_in_no_log(browser, soon, caplog):
    path = link(soon)
    with caplog.at_level(logging.DEBUG):
        opened(browser(), path)
    told = [f"{record.getMessage()}{getattr(record, 'data', '')}" for record in caplog.records]
    assert any("invite/<str:token>/" in line for line in told)
    assert not any(path.rpartition("/")[2] in line for line in told)


def test_the_token_is_in_no_page(browser, soon):
    path = link(soon)
    assert path.rpartition("/")[2] not in opened(browser(), path).content.decode()


def test_signed_in_goes_into_the_room(browser, stranger, soon):
    client = browser(stranger)
    path = link(soon)
    assert client.get(path).url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"
    assert client.session["invites"] == {str(soon.pk): path.rpartition("/")[2]}


def test_not_signed_in_signs_in_and_goes_straight_on(browser, stranger, soon):
    stranger.set_password("chalk and board 7")
    stranger.save()
    client = browser()
    page = opened(client, link(soon)).content.decode()
    assert 'href="/accounts/login/?next=/invite/"' in page
    answer = client.post(
        "/accounts/login/",
        {"login": stranger.email, "password": "chalk and board 7", "next": "/invite/"},
    )
    assert answer.url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_not_signed_in_signs_up_and_goes_straight_on(browser, soon):
    client = browser()
    opened(client, link(soon))
    answer = client.post(
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
    assert answer.url == "/invite/"
    assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_a_guest_gives_a_name(browser, soon):
    client = browser()
    opened(client, link(soon))
    assert client.post("/invite/guest/", {"name": " "}).status_code == 400
    answer = client.post("/invite/guest/", {"name": "Марко"})
    assert answer.url == f"/lessons/{soon.pk}/room/"
    assert client.session["guest_name"] == "Марко"


def test_a_guest_without_a_link_is_turned_away(browser, soon):
    assert browser().post("/invite/guest/", {"name": "Марко"}).status_code == 400


def test_expired(browser, soon):
    answer = opened(browser(), link(soon, now=timezone.now() - 2 * HOUR, ttl_seconds=3600))
    assert answer.status_code == 410
    assert "This link’s time is over" in answer.content.decode()
    assert actions(answer.content.decode()) == 1


def test_replaced(browser, soon):
    path = link(soon)
    soon.revoke_invites()
    answer = opened(browser(), path)
    assert answer.status_code == 400
    assert "does not open anything" in answer.content.decode()
    assert actions(answer.content.decode()) == 1


@pytest.mark.parametrize("damage", ["x", "a.b.c", "%00", "ї"])
def test_invalid(damage, browser, soon):
    answer = opened(browser(), link(soon) + damage)
    assert answer.status_code == 400
    assert actions(answer.content.decode()) == 1


@pytest.mark.parametrize("mess", [".", "),", "%C2%A0", "”", "%3E", "/?utm_source=x", "//", "%0A"])
def test_pasted_link_is_cleaned(mess, browser, soon):
    assert opened(browser(), link(soon) + mess).status_code == 200


@pytest.mark.parametrize("path", ["/INVITE/", "/Invite//"])
def test_link_whose_path_is_in_capitals_opens_the_lesson(path, browser, soon):
    assert opened(browser(), link(soon).replace("/invite/", path)).status_code == 200


def test_join_link_in_capitals_leads_to_joining(browser, student, classroom):
    page = browser(student).get(f"/JOIN/{classroom.join_code}/")
    assert page.status_code == 200
    assert classroom.join_code in page.content.decode()


def test_other_paths_in_capitals_are_not_found(browser, tutor):
    assert browser(tutor).get("/CALENDAR/").status_code == 404


def test_join_code_in_an_invite_link_leads_to_joining(browser, classroom):
    answer = browser().get(f"/invite/{classroom.join_code.lower()}/")
    assert answer.url == f"/join/{classroom.join_code}/"


def test_the_lesson_was_cancelled(browser, soon, tutor):
    path = link(soon)
    browser(tutor).post(f"/lessons/{soon.pk}/cancel/")
    answer = opened(browser(), path)
    assert answer.status_code == 409
    assert "This lesson was cancelled" in answer.content.decode()
    assert actions(answer.content.decode()) == 1


def test_too_early_says_when_and_waits(browser, stranger, tutor, student):
    later = make_lesson(tutor, student, timezone.now() + 3 * HOUR)
    for client in (browser(), browser(stranger)):
        page = opened(client, link(later)).content.decode()
        assert "You are early" in page
        assert "data-opens-at" in page
        assert actions(page) == 1
        assert client.post("/invite/guest/", {"name": "A"}).status_code == 200
        assert "guest_name" not in client.session


def test_too_early_does_not_hold_up_the_lessons_own_people(browser, tutor, student):
    later = make_lesson(tutor, student, timezone.now() + 3 * HOUR)
    for person in (tutor, student):
        client = browser(person)
        client.get(link(later))
        assert client.get("/invite/").url == f"/lessons/{later.pk}/room/"


def over(lesson, how):
    if how == "ended":
        lesson.complete(ended_at=timezone.now())
    else:
        lesson.starts_at, lesson.ends_at = timezone.now() - 3 * HOUR, timezone.now() - 2 * HOUR
        lesson.save()


@pytest.mark.parametrize("how", ["ended", "past"])
@pytest.mark.parametrize("ttl", [3600, 60])
def test_link_of_an_ended_lesson_says_so(browser, stranger, soon, how, ttl):
    path = link(soon, now=timezone.now() - 10 * MINUTE, ttl_seconds=ttl)  # good, or expired by now
    over(soon, how)
    for client in (browser(), browser(stranger)):
        answer = opened(client, path)
        assert answer.status_code == 410
        assert "This lesson has ended" in answer.content.decode()
        assert actions(answer.content.decode()) == 1
        assert client.post("/invite/guest/", {"name": "Марко"}).status_code == 410


def test_link_of_an_ended_lesson_leads_its_own_people_in(browser, tutor, student, soon):
    path = link(soon)
    over(soon, "ended")
    for person in (tutor, student):
        client = browser(person)
        client.get(path)
        assert client.get("/invite/").url == f"/lessons/{soon.pk}/room/"


def test_lesson_that_runs_late_lets_guests_in(browser, soon):
    path = link(soon)
    soon.starts_at, soon.ends_at = timezone.now() - HOUR, timezone.now() - 5 * MINUTE
    soon.save()
    assert opened(browser(), path).status_code == 200


def test_replaced_link_of_an_ended_lesson_says_that_it_was_replaced(browser, soon):
    path = link(soon)
    soon.revoke_invites()
    over(soon, "ended")
    assert opened(browser(), path).status_code == 400

"""Invite tokens: what is in them, how long they live, and what never passes for one."""

import base64
import json
import string
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from apps.common import tokens
from apps.common.keys import derive_key
from apps.lessons.invites import PURPOSE, make_invite
from conftest import make_lesson

pytestmark = pytest.mark.django_db
RESOLVE = "/api/lesson-invites/resolve/"
BASE64URL = string.ascii_letters + string.digits + "-_"


@pytest.fixture(autouse=True)
def _no_throttle(monkeypatch):
    """These tests ask more often than anybody may."""
    from apps.lessons.api.views import ResolveInviteView

    monkeypatch.setattr(ResolveInviteView, "throttle_classes", [])


def invite(client, lesson, **body):
    return client.post(f"/api/lessons/{lesson.pk}/invite/", body)


def resolve(client, token):
    answer = client.get(RESOLVE, {"token": token})
    return answer.status_code, answer.json().get("error")


def part(token, index):
    segment = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_is_url_safe_and_carries_its_expiry(api, tutor, lesson):
    answer = invite(api(tutor), lesson).json()
    assert set(answer["token"]) <= {*BASE64URL, "."}
    assert part(answer["token"], 1)["exp"] == int(
        timezone.datetime.fromisoformat(answer["expires_at"]).timestamp()
    )


@pytest.mark.parametrize("seconds", [60, 3600, 2_592_000])
def test_the_time_to_live_may_be_chosen(api, tutor, lesson, seconds):
    token = invite(api(tutor), lesson, ttl_seconds=seconds).json()["token"]
    left = part(token, 1)["exp"] - timezone.now().timestamp()
    assert seconds - 5 < left <= seconds


@pytest.mark.parametrize("seconds", [59, 0, -1, 2_592_001, 2**63, "3600", "x", 60.5, True, [], {}])
def test_a_time_to_live_out_of_bounds_is_refused(api, tutor, lesson, seconds):
    answer = invite(api(tutor), lesson, ttl_seconds=seconds)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"ttl_seconds"}


def test_null_is_the_usual_time_to_live(api, tutor, lesson):
    token = invite(api(tutor), lesson, ttl_seconds=None).json()["token"]
    assert 86_390 < part(token, 1)["exp"] - timezone.now().timestamp() <= 86_400


def test_revoking_ends_every_earlier_token_and_no_later_one(api, tutor, stranger, lesson):
    earlier = [invite(api(tutor), lesson).json()["token"] for _ in range(2)]
    answer = api(tutor).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
    assert (answer.status_code, answer.content) == (204, b"")
    later = invite(api(tutor), lesson).json()["token"]
    for token in earlier:
        assert resolve(api(stranger), token) == (400, "invite_invalid")
    assert resolve(api(stranger), later) == (200, None)


def test_revoking_leaves_other_lessons_alone(api, tutor, student, stranger, lesson):
    other = make_lesson(tutor, student, lesson.ends_at)
    token = invite(api(tutor), other).json()["token"]
    api(tutor).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
    assert resolve(api(stranger), token) == (200, None)


def test_only_the_lessons_tutor_revokes(api, tutor, student, other_tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    for person in (student, other_tutor):
        answer = api(person).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert resolve(api(student), token) == (200, None)


def claims_of(lesson, **more):
    later = int((timezone.now() + timedelta(hours=1)).timestamp())
    return {"lesson": lesson.pk, "gen": lesson.invite_generation, "exp": later, **more}


def test_a_token_of_another_purpose_is_invalid(api, stranger, lesson):
    later = timezone.now() + timedelta(hours=1)
    claims = {"lesson": lesson.pk, "gen": lesson.invite_generation}
    assert resolve(api(stranger), tokens.sign(PURPOSE, claims, expires_at=later)) == (200, None)
    for purpose in ("access-token", "ticket", "lesson-invite2", ""):
        token = tokens.sign(purpose, claims, expires_at=later)
        assert resolve(api(stranger), token) == (400, "invite_invalid")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", ""])
def test_another_algorithm_is_invalid(api, stranger, lesson, name):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    _header, payload, signature = token.split(".")
    header = encoded({"alg": name, "typ": "JWT"})
    for end in (signature, ""):
        assert resolve(api(stranger), f"{header}.{payload}.{end}") == (400, "invite_invalid")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_good_signature_by_another_algorithm_is_invalid(api, stranger, lesson, algorithm):
    key = derive_key(settings.SECRET_KEY, PURPOSE)
    token = jwt.encode(claims_of(lesson), key, algorithm=algorithm)
    assert resolve(api(stranger), token) == (400, "invite_invalid")


def test_a_token_signed_with_the_plain_secret_is_invalid(api, stranger, lesson):
    token = jwt.encode(claims_of(lesson), settings.SECRET_KEY, algorithm="HS256")
    assert resolve(api(stranger), token) == (400, "invite_invalid")


def test_a_token_without_expiry_is_invalid(api, stranger, lesson):
    claims = claims_of(lesson)
    del claims["exp"]
    key = derive_key(settings.SECRET_KEY, PURPOSE)
    assert resolve(api(stranger), jwt.encode(claims, key)) == (400, "invite_invalid")


def test_the_signature_is_checked_before_the_expiry(api, stranger, lesson):
    expired = make_invite(lesson=lesson, ttl_seconds=60, now=timezone.now() - timedelta(hours=1))
    header, _payload, signature = expired.token.split(".")
    assert resolve(api(stranger), expired.token) == (410, "invite_expired")
    claims = part(expired.token, 1)
    changed = encoded({**claims, "lesson": lesson.pk + 1})
    forged = f"{header}.{changed}.{signature}"
    assert resolve(api(stranger), forged) == (400, "invite_invalid")
    later = f"{header}.{encoded(claims_of(lesson))}.{signature}"
    assert resolve(api(stranger), later) == (400, "invite_invalid")


def test_a_lesson_that_is_gone_is_not_found(api, tutor, stranger, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    lesson.delete()
    assert resolve(api(stranger), token) == (404, "lesson_not_found")


def test_no_single_character_of_a_token_can_be_changed(lesson):
    """Every position, every other base64url character, and some that are not: never read."""
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert tokens.read(PURPOSE, token)["lesson"] == lesson.pk
    for position, right in enumerate(token):
        for wrong in BASE64URL + ".=+/ \x00é":
            if wrong != right:
                changed = token[:position] + wrong + token[position + 1 :]
                with pytest.raises(tokens.BadToken):
                    tokens.read(PURPOSE, changed)


def test_no_single_character_can_be_changed_through_the_api(api, stranger, lesson):
    """One wrong character at each position, by HTTP; the last position tries them all."""
    token = make_invite(lesson=lesson, now=timezone.now()).token
    client = api(stranger)
    assert resolve(client, token) == (200, None)
    for position, right in enumerate(token):
        wrong = "A" if right != "A" else "B"
        changed = token[:position] + wrong + token[position + 1 :]
        assert resolve(client, changed) == (400, "invite_invalid"), position
    for wrong in set(BASE64URL) - {token[-1]}:
        assert resolve(client, token[:-1] + wrong) == (400, "invite_invalid")


@pytest.mark.parametrize("change", ["{}=", "{}A", "A{}", "{}_", "{}.A", "A.{}"])
def test_nothing_that_could_be_its_own_can_be_added_to_a_token(api, stranger, lesson, change):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert resolve(api(stranger), change.format(token)) == (400, "invite_invalid")


@pytest.mark.parametrize(
    "change", [" {}", "{}\n", "{}.", "“{}”", "\u00a0{}\u00a0", "– {}", "{}\u200b"]
)
def test_token_is_cleaned_of_what_was_pasted_around_it(api, stranger, lesson, change):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert resolve(api(stranger), change.format(token)) == (200, None)


def test_the_invite_throttle_says_when_to_come_back(api, stranger, monkeypatch):
    from rest_framework.throttling import ScopedRateThrottle

    from apps.lessons.api.views import ResolveInviteView

    monkeypatch.setattr(ResolveInviteView, "throttle_classes", [ScopedRateThrottle])
    client = api(stranger)
    answers = [client.get(RESOLVE, {"token": "x"}) for _ in range(121)]
    assert {answer.status_code for answer in answers[:120]} == {400}
    assert (answers[120].status_code, answers[120].json()["error"]) == (429, "throttled")
    assert 1 <= int(answers[120]["Retry-After"]) <= 60

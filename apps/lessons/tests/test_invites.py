"""Invite tokens: content, expiry, revocation, forgery."""

import base64
import json
import string
from datetime import timedelta
from types import SimpleNamespace

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from apps.common import tokens
from apps.common.keys import derive_key
from apps.lessons.invites import PURPOSE, make_invite
from tests.builders import make_lesson

pytestmark = pytest.mark.django_db
RESOLVE = "/api/lesson-invites/resolve/"
BASE64URL = string.ascii_letters + string.digits + "-_"


@pytest.fixture(autouse=True)
def _unthrottled(settings):
    """These tests send more requests than the rate limit permits."""
    settings.THROTTLING = False


def invite(client, lesson, **body):
    return client.post(f"/api/lessons/{lesson.pk}/invite/", body)


def resolve(client, token):
    response = client.get(RESOLVE, {"token": token})
    return response.status_code, response.json().get("error")


def decode_segment(token, index):
    segment = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))


def encode_segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_token_is_url_safe_and_has_its_expiry(api, tutor, lesson):
    response = invite(api(tutor), lesson).json()
    assert set(response["token"]) <= {*BASE64URL, "."}
    assert decode_segment(response["token"], 1)["exp"] == int(
        timezone.datetime.fromisoformat(response["expires_at"]).timestamp()
    )


@pytest.mark.parametrize("seconds", [60, 3600, 2_592_000])
def test_ttl_can_be_chosen(api, tutor, lesson, seconds):
    token = invite(api(tutor), lesson, ttl_seconds=seconds).json()["token"]
    left = decode_segment(token, 1)["exp"] - timezone.now().timestamp()
    assert seconds - 5 < left <= seconds


@pytest.mark.parametrize("seconds", [59, 0, -1, 2_592_001, 2**63, "3600", "x", 60.5, True, [], {}])
def test_ttl_out_of_bounds_is_refused(api, tutor, lesson, seconds):
    response = invite(api(tutor), lesson, ttl_seconds=seconds)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"ttl_seconds"}


def test_null_ttl_means_the_default(api, tutor, lesson):
    token = invite(api(tutor), lesson, ttl_seconds=None).json()["token"]
    assert 86_390 < decode_segment(token, 1)["exp"] - timezone.now().timestamp() <= 86_400


def test_revocation_invalidates_earlier_tokens_only(api, tutor, stranger, lesson):
    earlier = [invite(api(tutor), lesson).json()["token"] for _ in range(2)]
    response = api(tutor).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
    assert (response.status_code, response.content) == (204, b"")
    later = invite(api(tutor), lesson).json()["token"]
    for token in earlier:
        assert resolve(api(stranger), token) == (400, "invite_invalid")
    assert resolve(api(stranger), later) == (200, None)


def test_revocation_does_not_affect_other_lessons(api, tutor, student, stranger, lesson):
    other = make_lesson(tutor, student, lesson.ends_at)
    token = invite(api(tutor), other).json()["token"]
    api(tutor).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
    assert resolve(api(stranger), token) == (200, None)


def test_only_tutor_of_lesson_can_revoke(api, tutor, student, other_tutor, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    for person in (student, other_tutor):
        response = api(person).post(f"/api/lessons/{lesson.pk}/invites/revoke/")
        assert (response.status_code, response.json()["error"]) == (403, "forbidden")
    assert resolve(api(student), token) == (200, None)


def make_claims(lesson, **more):
    expiry = int((timezone.now() + timedelta(hours=1)).timestamp())
    return {"lesson": lesson.pk, "gen": lesson.invite_generation, "exp": expiry, **more}


def test_token_of_another_purpose_is_invalid(api, stranger, lesson):
    expiry = timezone.now() + timedelta(hours=1)
    claims = {"lesson": lesson.pk, "gen": lesson.invite_generation}
    assert resolve(api(stranger), tokens.sign(PURPOSE, claims, expires_at=expiry)) == (200, None)
    for purpose in ("access-token", "ticket", "lesson-invite2", ""):
        token = tokens.sign(purpose, claims, expires_at=expiry)
        assert resolve(api(stranger), token) == (400, "invite_invalid")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", ""])
def test_token_with_another_algorithm_header_is_invalid(api, stranger, lesson, name):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    _header, payload, signature = token.split(".")
    header = encode_segment({"alg": name, "typ": "JWT"})
    for end in (signature, ""):
        assert resolve(api(stranger), f"{header}.{payload}.{end}") == (400, "invite_invalid")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_correct_signature_by_another_algorithm_is_invalid(api, stranger, lesson, algorithm):
    key = derive_key(settings.SECRET_KEY, PURPOSE)
    token = jwt.encode(make_claims(lesson), key, algorithm=algorithm)
    assert resolve(api(stranger), token) == (400, "invite_invalid")


def test_token_signed_with_the_secret_key_itself_is_invalid(api, stranger, lesson):
    token = jwt.encode(make_claims(lesson), settings.SECRET_KEY, algorithm="HS256")
    assert resolve(api(stranger), token) == (400, "invite_invalid")


def test_token_without_expiry_is_invalid(api, stranger, lesson):
    claims = make_claims(lesson)
    del claims["exp"]
    key = derive_key(settings.SECRET_KEY, PURPOSE)
    assert resolve(api(stranger), jwt.encode(claims, key)) == (400, "invite_invalid")


def test_signature_is_checked_before_the_expiry(api, stranger, lesson):
    expired = make_invite(lesson=lesson, ttl_seconds=60, now=timezone.now() - timedelta(hours=1))
    header, _payload, signature = expired.token.split(".")
    assert resolve(api(stranger), expired.token) == (410, "invite_expired")
    claims = decode_segment(expired.token, 1)
    changed = encode_segment({**claims, "lesson": lesson.pk + 1})
    forged = f"{header}.{changed}.{signature}"
    assert resolve(api(stranger), forged) == (400, "invite_invalid")
    extended = f"{header}.{encode_segment(make_claims(lesson))}.{signature}"
    assert resolve(api(stranger), extended) == (400, "invite_invalid")


def test_token_of_a_deleted_lesson_is_not_found(api, tutor, stranger, lesson):
    token = invite(api(tutor), lesson).json()["token"]
    lesson.delete()
    assert resolve(api(stranger), token) == (404, "lesson_not_found")


def test_token_with_one_changed_character_is_invalid(lesson):
    """Tries every other base64url character, and some others, at every position."""
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert tokens.read(PURPOSE, token)["lesson"] == lesson.pk
    for position, right in enumerate(token):
        for wrong in BASE64URL + ".=+/ \x00é":
            if wrong != right:
                changed = token[:position] + wrong + token[position + 1 :]
                with pytest.raises(tokens.BadToken):
                    tokens.read(PURPOSE, changed)


def test_token_with_one_changed_character_is_refused_by_the_api(api, stranger, lesson):
    """Tries one wrong character at each position, and all characters at the last one."""
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
def test_token_with_added_token_characters_is_invalid(api, stranger, lesson, change):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert resolve(api(stranger), change.format(token)) == (400, "invite_invalid")


@pytest.mark.parametrize(
    "change", [" {}", "{}\n", "{}.", "“{}”", "\u00a0{}\u00a0", "– {}", "{}\u200b"]
)
def test_token_pasted_with_surrounding_text_is_accepted(api, stranger, lesson, change):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    assert resolve(api(stranger), change.format(token)) == (200, None)


def test_throttled_resolve_has_a_retry_after_header(api, stranger, settings, monkeypatch):
    monkeypatch.setattr("apps.common.rate_limits.time", SimpleNamespace(time=lambda: 960.0))
    settings.THROTTLING = True
    client = api(stranger)
    responses = [client.get(RESOLVE, {"token": "x"}) for _ in range(121)]
    assert {response.status_code for response in responses[:120]} == {400}
    assert (responses[120].status_code, responses[120].json()["error"]) == (429, "throttled")
    assert 1 <= int(responses[120]["Retry-After"]) <= 60

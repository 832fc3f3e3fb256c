"""Slow work is done outside of transactions, which on SQLite block every other writer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.classroom import versions
from apps.classrooms.roster import invite
from tests.builders import AUTH, PASSWORD, make_user, sign_up

pytestmark = pytest.mark.django_db(transaction=True)


class WatchedHasher(MD5PasswordHasher):
    inside: list[bool] = []

    def encode(self, password, salt):
        self.inside.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.fixture
def hashed(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.WatchedHasher"]
    WatchedHasher.inside.clear()
    return WatchedHasher.inside


def test_passwords_are_hashed_outside_of_transactions(hashed):
    token = sign_up().json()["meta"]["access_token"]
    signing_in = {"email": "new@school.example", "password": PASSWORD}
    assert APIClient().post(f"{AUTH}/login", signing_in).status_code == 200
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    change = {"current_password": PASSWORD, "new_password": PASSWORD + "x"}
    changed = client.post(f"{AUTH.removesuffix('auth')}account/password/change", change)
    assert changed.status_code in (200, 401)  # changing the password ends this session
    assert len(hashed) >= 4
    assert not any(hashed)


@pytest.fixture
def admin_client(client):
    person = make_user("tutor", is_staff=True, is_superuser=True)
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


NEW_PERSON = {"email": "new@school.example", "first_name": "A", "last_name": "B", "role": "tutor"}


def test_password_of_a_person_added_by_staff_is_hashed_outside(admin_client, hashed):
    form = {**NEW_PERSON, "password1": PASSWORD, "password2": PASSWORD}
    assert admin_client.post("/admin/accounts/user/add/", form).status_code == 302
    assert hashed == [False]
    assert User.objects.get(email=NEW_PERSON["email"]).check_password(PASSWORD)


def test_password_set_by_staff_is_hashed_outside_of_a_transaction(admin_client, hashed, tutor):
    form = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    page = f"/admin/accounts/user/{tutor.pk}/password/"
    assert admin_client.post(page, form).status_code == 302
    assert hashed
    assert not any(hashed)


def test_roster_is_imported_in_transactions_of_a_few_rows(tutor, client, monkeypatch):
    stored_before_each, stored = [], []

    def watch(*, email, **_invitation):
        stored_before_each.append(len(stored))
        transaction.on_commit(lambda: stored.append(email))

    monkeypatch.setattr(invite, "BATCH", 2)
    monkeypatch.setattr(invite, "invite_to_classroom", watch)
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    csv = "email\n" + "".join(f"{letter}@school.example\n" for letter in "abcde")
    file = SimpleUploadedFile("roster.csv", csv.encode())
    page = client.post("/students/import/", {"file": file, "name": "Algebra"}, follow=True)
    client.post("/students/import/confirm/", {"id": page.context["id"]})
    assert stored_before_each == [0, 0, 2, 2, 4]
    assert len(stored) == 5


def test_restored_board_is_compressed_outside_of_a_transaction(lesson, monkeypatch):
    from django.utils import timezone

    from apps.classroom import board_log, history
    from apps.classroom.models import BoardVersion

    inside = []
    packed = versions.blobs.encode_compressed

    def compressed(updates):
        inside.append(connection.in_atomic_block)
        return packed(updates)

    monkeypatch.setattr(
        versions,
        "blobs",
        SimpleNamespace(
            encode_compressed=compressed,
            decode=versions.blobs.decode,
            NewerFormat=versions.blobs.NewerFormat,
        ),
    )
    versions.save_version(
        lesson.session.pk, [b"\x00\x00"], now=timezone.now(), at_least=timedelta()
    )
    version = BoardVersion.objects.get()
    room = {"session_id": lesson.session.pk, "room": lesson.session.uuid}
    history.restore_board(**room, tutor_id=lesson.tutor_id, version=version)
    assert inside == [False, False]
    assert board_log.load([lesson.session.pk])

"""allauth's address rows follow `User.email`, whoever changes it."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, bearer, make_user, sign_up

pytestmark = pytest.mark.django_db
OLD, NEW = "new@school.example", "moved@school.example"


@pytest.fixture
def admin_client(client):
    staff = make_user("tutor", is_staff=True, is_superuser=True)
    client.force_login(staff, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def sign_in(email):
    answer = APIClient().post(f"{AUTH}/login", {"email": email, "password": PASSWORD})
    return answer.status_code


def get_addresses(user):
    return list(EmailAddress.objects.filter(user=user).values_list("email", "primary"))


def by_save(user, **_clients):
    user.email = NEW
    user.save()


def by_update_fields(user, **_clients):
    user.email = NEW
    user.save(update_fields=["email"])


def by_update(user, **_clients):
    User.objects.filter(pk=user.pk).update(email=NEW)


def by_sql(user, **_clients):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [NEW, user.pk])


def admin_form(user, **changes):
    names = ("email", "first_name", "last_name", "role", "timezone", "locale")
    return {name: getattr(user, name) for name in names} | {
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "10:00:00",
        **changes,
    }


def by_admin(user, admin_client):
    url = reverse("admin:accounts_user_change", args=[user.pk])
    assert admin_client.post(url, admin_form(user, email=NEW)).status_code == 302


@pytest.mark.parametrize("change", [by_save, by_update_fields, by_update, by_sql, by_admin])
def test_replaced_address_cannot_sign_in_or_reset_the_password(person, admin_client, change):
    mail.outbox.clear()
    change(person, admin_client=admin_client)
    assert (sign_in(OLD), sign_in(NEW)) == (400, 200)
    mail.outbox.clear()
    Client().post("/accounts/password/reset/", {"email": OLD})
    assert [m for m in mail.outbox if "/password/reset/key/" in m.body] == []
    Client().post("/accounts/password/reset/", {"email": NEW})
    assert [m.to for m in mail.outbox if "/password/reset/key/" in m.body] == [[NEW]]


def test_new_account_has_its_email_as_primary_address(person):
    call_command(
        "createsuperuser", interactive=False, email="root@x.example", first_name="a", last_name="b"
    )
    for user in User.objects.all():
        assert get_addresses(user) == [(user.email, True)]


def test_old_address_is_kept_when_a_second_one_becomes_primary(person):
    second = EmailAddress.objects.create(user=person, email=NEW, verified=True)
    second.set_as_primary()
    person.refresh_from_db()
    assert person.email == NEW
    assert sorted(get_addresses(person)) == [(NEW, True), (OLD, False)]


def test_address_rows_cannot_be_edited_by_staff(admin_client):
    assert admin_client.get("/admin/account/emailaddress/").status_code == 404


def test_staff_delete_an_account_with_its_addresses(admin_client, person):
    url = reverse("admin:accounts_user_delete", args=[person.pk])
    assert admin_client.post(url, {"post": "yes"}).status_code == 302
    assert not EmailAddress.objects.filter(email=OLD).exists()


@pytest.mark.parametrize(
    "changes", [{"role": "student"}, {"is_active": ""}, {"email": NEW}, {"is_staff": "on"}]
)
def test_rights_changed_by_staff_end_sessions_and_tokens(admin_client, person, changes, log_lines):
    meta = APIClient().post(f"{AUTH}/login", {"email": OLD, "password": PASSWORD}).json()["meta"]
    url = reverse("admin:accounts_user_change", args=[person.pk])
    assert admin_client.post(url, admin_form(person, **changes)).status_code == 302
    assert bearer(meta["access_token"]).get("/api/me/").status_code == 401
    refresh = {"refresh_token": meta["refresh_token"]}
    assert APIClient().post("/_allauth/app/v1/tokens/refresh", refresh).status_code == 400
    assert "account_changed_by_staff" in [line.get("event") for line in log_lines()]


def test_password_set_by_staff_ends_sessions_and_is_mailed_to_the_owner(admin_client, person):
    mail.outbox.clear()
    token = APIClient().post(f"{AUTH}/login", {"email": OLD, "password": PASSWORD}).json()
    url = reverse("admin:auth_user_password_change", args=[person.pk])
    change = {"password1": "brand-new-phrase-9", "password2": "brand-new-phrase-9"}
    answer = admin_client.post(url, {**change, "usable_password": "true"})
    assert answer.status_code == 302
    assert bearer(token["meta"]["access_token"]).get("/api/me/").status_code == 401
    assert [m.to for m in mail.outbox] == [[OLD]]


def test_staff_stay_signed_in_when_they_change_their_own_account(admin_client):
    staff = User.objects.get(is_staff=True)
    url = reverse("admin:accounts_user_change", args=[staff.pk])
    form = admin_form(staff, email=NEW, is_staff="on", is_superuser="on")
    assert admin_client.post(url, form).status_code == 302
    assert admin_client.get(url).status_code == 200


def test_address_change_by_staff_is_mailed_to_both_addresses(admin_client, person):
    mail.outbox.clear()
    by_admin(person, admin_client)
    assert sorted(m.to[0] for m in mail.outbox) == sorted([OLD, NEW])


def test_account_created_by_script_can_sign_in(db):
    user = make_user("tutor", email=OLD)
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD))
    assert sign_in(OLD) == 200


def test_addresses_of_an_account_are_limited(settings):
    """Each mails a stranger or, without a mail server, keeps the address from its owner."""
    settings.ACCOUNT_RATE_LIMITS = False
    meta = sign_up(email=OLD).json()["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD})
    url = "/_allauth/app/v1/account/email"
    statuses = [client.post(url, {"email": f"a{n}@x.example"}).status_code for n in range(12)]
    assert statuses == [200] * 9 + [400] * 3
    assert EmailAddress.objects.count() == 10

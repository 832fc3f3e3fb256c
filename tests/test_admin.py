"""Django's admin has every model of the project, with search, and shows no secrets."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.mail import EmailMessage
from django.urls import reverse

from apps.accounts.models import PushSubscription, User
from apps.classroom.models import BoardVersion, ClassroomSession
from apps.classrooms.models import Classroom, Membership
from apps.common.admin import ChangedFieldsAdmin
from apps.common.mail_queue import QueueBackend
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, PASSWORD, make_lesson, make_user, sign_up
from tests.html_forms import read_form

pytestmark = pytest.mark.django_db

OURS = [model for model in apps.get_models() if model.__module__.startswith("apps.")]


@pytest.fixture
def admin_client(client):
    person = make_user("tutor", is_staff=True, is_superuser=True, timezone="UTC", locale="en")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def url_of(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS)
def test_own_model_is_registered_with_search_fields(model):
    assert admin.site._registry[model].search_fields


@pytest.mark.parametrize("model", list(admin.site._registry))
def test_changelist_search_and_add_form_open(admin_client, lesson, model):
    assert admin_client.get(url_of(model, "changelist")).status_code == 200
    found = admin_client.get(url_of(model, "changelist"), {"q": "олена %' \\"})
    assert found.status_code in (200, 302)
    page = admin_client.get(url_of(model, "add"))
    assert page.status_code in (200, 403)


@pytest.mark.parametrize("q", ["Коваль", "student"])
def test_user_is_found_by_search(admin_client, student, q):
    page = admin_client.get(url_of(User, "changelist"), {"q": q}).content.decode()
    assert student.email in page


def test_admin_pages_show_no_secret(admin_client, lesson):
    meta = sign_up().json()["meta"]
    user = User.objects.get(email="new@school.example")
    seed = "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(user=user, type="totp", data={"secret": seed})
    codes = {"seed": "recovery-seed", "used_mask": 0, "migrated_codes": ["recovery-code"]}
    Authenticator.objects.create(user=user, type="recovery_codes", data=codes)
    Lesson.objects.update(idempotency_key="idem-secret", idempotency_digest="digest-secret")
    message = EmailMessage("A reset", "reset-secret", to=["olena@school.example"])
    QueueBackend().send_messages([message])
    PushSubscription.objects.create(
        user=user, endpoint="https://push.example/endpoint-secret", auth="auth-secret"
    )
    sessions = list(UserSession.objects.values_list("session_key", flat=True))
    assert sessions
    secrets = [
        *(
            "idem-secret",
            "digest-secret",
            "reset-secret",
            "endpoint-secret",
            "auth-secret",
            seed,
            "recovery-seed",
            "recovery-code",
            PASSWORD,
        ),
        *sessions,
        lesson.classroom.join_code,
        user.password.rpartition("$")[2],
        meta["access_token"],
        meta["session_token"],
    ]
    opened = 0
    for model in admin.site._registry:
        pages = [url_of(model, "changelist")]
        for row in model._default_manager.all():
            pages += [url_of(model, page, row.pk) for page in ("change", "delete", "history")]
        for page in pages:
            answer = admin_client.get(page)
            assert answer.status_code == 200, page
            opened += 1
            text = answer.content.decode()
            assert [secret for secret in secrets if secret in text] == [], page
    assert opened > 40


@pytest.mark.parametrize("model", [ClassroomSession, BoardVersion])
@pytest.mark.parametrize("q", ["vectors", "{student.email}", "{lesson.session.uuid}"])
def test_room_is_found_by_its_lesson(admin_client, tutor, student, lesson, model, q):
    Lesson.objects.update(title="Vectors")
    other = make_lesson(tutor, make_user("student"), NOON + 5 * HOUR)
    for room in (lesson.session, other.session):
        BoardVersion.objects.create(session=room, state=b"")
    term = q.format(student=student, lesson=lesson)
    page = admin_client.get(url_of(model, "changelist"), {"q": term})
    rooms = [getattr(row, "session", row) for row in page.context["cl"].result_list]
    assert rooms == [lesson.session]


def test_search_fields_contain_no_secret(admin_client, lesson):
    """A search by a secret would reveal it letter by letter."""
    for model, site in admin.site._registry.items():
        named = " ".join(site.search_fields)
        for secret in ("password", "join_code", "session_key", "data", "idempotency", "key"):
            assert secret not in named, model


def test_admin_is_forbidden_without_rights(client, tutor, staff):
    for person, status in ((None, 302), (tutor, 302), (staff, 403)):
        if person:
            client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
        assert client.get(url_of(Lesson, "changelist")).status_code == status


def lesson_form(lesson, starts_at):
    return {
        "tutor": lesson.tutor_id,
        "student": lesson.student_id,
        "classroom": lesson.classroom_id,
        "title": "",
        "status": "scheduled",
        "cancel_reason": "",
        "starts_at_0": f"{starts_at:%Y-%m-%d}",
        "starts_at_1": f"{starts_at:%H:%M:%S}",
        "ends_at_0": f"{starts_at + HOUR:%Y-%m-%d}",
        "ends_at_1": f"{starts_at + HOUR:%H:%M:%S}",
    }


def test_overlap_in_the_admin_is_a_form_error(admin_client, tutor, student, lesson):
    other = make_lesson(tutor, student, NOON + 5 * HOUR)
    client = admin_client
    url = url_of(Lesson, "change", other.pk)
    answer = client.post(url, lesson_form(other, NOON + HOUR / 2))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert client.post(url, lesson_form(other, NOON + HOUR)).status_code == 302
    other.refresh_from_db()
    assert other.starts_at == NOON + HOUR


def test_title_of_the_admin_has_no_direction_or_control_characters(admin_client, lesson):
    form = {**lesson_form(lesson, NOON + 3 * HOUR), "title": "\u202eОб’єм\u2069\t№1"}
    admin_client.post(url_of(Lesson, "change", lesson.pk), form)
    lesson.refresh_from_db()
    assert lesson.title == "Об’єм №1"


def test_change_in_the_admin_is_logged(admin_client, lesson):
    admin_client.post(url_of(Lesson, "change", lesson.pk), lesson_form(lesson, NOON + 3 * HOUR))
    assert LogEntry.objects.get().object_id == str(lesson.pk)


# Stale tabs


@pytest.fixture
def open_change_form(admin_client):
    """Opens the change page of a row, and returns a function that submits it with changes."""

    def open_form(row):
        url = url_of(type(row), "change", row.pk)
        html = admin_client.get(url).content.decode()
        fields = read_form(html, f"{row._meta.model_name}_form")
        return lambda **changes: admin_client.post(url, {**fields, **changes})

    return open_form


@pytest.mark.parametrize(
    ("model", "changed_meanwhile", "changed_here"),
    [
        (User, {"email": "moved@school.example"}, {"first_name": "Ольга"}),
        (User, {"is_active": False}, {"first_name": "Ольга"}),
        (Lesson, {"starts_at": NOON - HOUR, "ends_at": NOON}, {"title": "Алгебра"}),
        (Lesson, {"status": "cancelled"}, {"title": "Алгебра"}),
        (Lesson, {"title": "Алгебра"}, {"cancel_reason": "Хвороба"}),
        (Membership, {"status": "paused"}, {"joined_at_1": "11:00:00"}),
        (Classroom, {"archived_at": NOON}, {"name": "Геометрія"}),
    ],
)
def test_stale_form_saves_only_the_changed_field(
    open_change_form, lesson, student, model, changed_meanwhile, changed_here
):
    rows = {User: student, Lesson: lesson, Classroom: lesson.classroom}
    row = rows.get(model) or Membership.objects.get()
    submit = open_change_form(row)
    row.refresh_from_db()
    for name, value in changed_meanwhile.items():
        setattr(row, name, value)
    row.save()
    assert submit(**changed_here).status_code == 302
    before = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    row.refresh_from_db()
    changed = {name for name, value in before.items() if getattr(row, name) != value}
    expected = {name.removesuffix("_1") for name in changed_here}
    derived = {"search_text", "sort_key", "sequence", "updated_at"}
    assert changed - derived == expected


def test_form_without_changes_keeps_seconds_and_microseconds(open_change_form, lesson):
    Lesson.objects.update(starts_at=NOON + timedelta(seconds=7, microseconds=9))
    before = Lesson.objects.values().get()
    assert open_change_form(lesson)(title="Алгебра").status_code == 302
    after = Lesson.objects.values().get()
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == {**before, "title": "Алгебра", "sequence": before["sequence"] + 1}


def test_value_changed_by_somebody_else_is_shown_and_kept(open_change_form, lesson):
    submit = open_change_form(lesson)
    Lesson.objects.update(title="Алгебра")
    page = submit(title="Геометрія")
    assert page.status_code == 200
    assert "This has changed in the meantime: Алгебра." in page.content.decode()
    assert Lesson.objects.get().title == "Алгебра"
    assert open_change_form(lesson)(title="Геометрія").status_code == 302


def test_stale_form_keeps_the_groups_of_a_person(open_change_form, student):
    submit = open_change_form(student)
    student.groups.add(Group.objects.create(name="support"))
    assert submit(first_name="Ольга").status_code == 302
    assert [group.name for group in student.groups.all()] == ["support"]
    group = str(Group.objects.create(name="bookkeeping").pk)
    assert open_change_form(student)(groups=[group]).status_code == 302
    assert [group.name for group in student.groups.all()] == ["bookkeeping"]


def test_every_editable_page_saves_only_changed_fields(rf):
    superuser = make_user("tutor", is_staff=True, is_superuser=True)
    request = rf.get("/")
    request.user = superuser
    pages = admin.site._registry.values()
    editable = [page for page in pages if page.has_change_permission(request)]
    assert len(editable) > 5
    assert [page for page in editable if not isinstance(page, ChangedFieldsAdmin)] == []


# Deleting


@pytest.mark.parametrize("method", ["get", "post"])
def test_person_with_lessons_cannot_be_deleted_and_the_page_says_what_to_do(
    admin_client, lesson, student, method
):
    url = url_of(User, "delete", student.pk)
    page = getattr(admin_client, method)(url, {"post": "yes"} if method == "post" else {})
    assert page.status_code == 200
    assert "To keep them out, untick “may sign in” on their page." in page.content.decode()
    assert User.objects.filter(pk=student.pk).exists()


def test_people_selected_for_deletion_are_kept_if_one_has_lessons(admin_client, lesson, stranger):
    sent = {"action": "delete_selected", "_selected_action": [lesson.tutor_id, stranger.pk]}
    page = admin_client.post(url_of(User, "changelist"), {**sent, "post": "yes"})
    assert "To keep them out, untick “may sign in” on their page." in page.content.decode()
    assert User.objects.filter(pk=stranger.pk).exists()


@pytest.fixture
def secretary(client):
    """Staff who may manage people, and is no superuser; signed in."""
    person = make_user("tutor", is_staff=True, timezone="UTC", locale="en")
    codenames = ["view_user", "change_user", "delete_user", "change_group"]
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return person


def test_staff_cannot_give_themselves_rights(client, secretary):
    group = Group.objects.create(name="everything")
    url = url_of(User, "change", secretary.pk)
    form = read_form(client.get(url).content.decode(), "user_form")
    rights = {"is_superuser": "on", "groups": [group.pk], "first_name": "Ольга"}
    assert client.post(url, {**form, **rights}).status_code == 302
    secretary.refresh_from_db()
    assert secretary.first_name == "Ольга"
    assert (secretary.is_superuser, secretary.groups.count()) == (False, 0)
    url = url_of(Group, "change", group.pk)
    assert client.post(url, {"name": "g", "permissions": [1]}).status_code == 403


@pytest.mark.parametrize("rights", [{"is_superuser": True}, {}])
def test_staff_cannot_take_over_other_staff(client, secretary, student, rights):
    other = make_user("tutor", is_staff=True, **rights)
    form = {"email": "stolen@school.example", "_save": "1"}
    assert client.post(url_of(User, "change", other.pk), form).status_code == 403
    password = {"password1": PASSWORD + "2", "password2": PASSWORD + "2"}
    page = reverse("admin:auth_user_password_change", args=[other.pk])
    assert client.post(page, password).status_code == 403
    assert client.post(url_of(User, "delete", other.pk), {"post": "yes"}).status_code == 403
    assert client.get(url_of(User, "change", student.pk)).status_code == 200


@pytest.mark.parametrize("way", ["page", "list"])
@pytest.mark.parametrize("model", [Authenticator, UserSession])
def test_staff_cannot_delete_second_factors_or_sessions_of_other_staff(
    client, secretary, student, model, way
):
    """Without its second factor an account of a superuser is protected by a password alone."""
    delete = Permission.objects.get(codename=f"delete_{model._meta.model_name}")
    view = Permission.objects.get(codename=f"view_{model._meta.model_name}")
    secretary.user_permissions.add(delete, view)
    superuser = make_user("tutor", is_staff=True, is_superuser=True)
    rows = [_make_row(model, person) for person in (superuser, student)]
    for row in rows:
        if way == "page":
            client.post(url_of(model, "delete", row.pk), {"post": "yes"})
        else:
            sent = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
            client.post(url_of(model, "changelist"), sent)
    assert list(model.objects.filter(pk__in=[row.pk for row in rows])) == [rows[0]]


def _make_row(model, person):
    if model is Authenticator:
        return Authenticator.objects.create(user=person, type="totp", data={"secret": "A" * 16})
    key = f"session-of-{person.pk}"
    return UserSession.objects.create(user=person, session_key=key, ip="192.0.2.1")


def test_ukrainian_admin_never_needs_to_decline_a_models_name(client):
    person = make_user("tutor", is_staff=True, is_superuser=True, locale="uk")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(url_of(Classroom, "add")).content.decode()
    assert "<h1>Додати: клас</h1>" in page
    page = client.get(url_of(Classroom, "changelist")).content.decode()
    assert "Виберіть, що змінити: клас" in page

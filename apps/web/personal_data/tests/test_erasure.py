"""Erasing a person: asked first, taken back for seven days, and what others need stays."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from apps.accounts.models import Erasure, NotificationSettings, User
from apps.accounts.models.erasure import GRACE_PERIOD
from apps.billing.accounts import get_account
from apps.billing.models import AccountEntry, AccountPayer, Payer
from apps.classroom.models import Attendance, ChatMessage
from apps.classrooms.models import Membership, StudentCard
from apps.common.models import MailMessage
from apps.lessons.models import Lesson, Participant
from apps.web.personal_data.erase import erase, erase_due, request_erasure, take_back
from tests.builders import make_placeholder, make_series

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def mail(settings):
    settings.EMAIL_URL = "smtp://mail.example"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"


@pytest.fixture
def school(lesson, coming_lesson, tutor, student):
    room = {"session": lesson.session, "name": student.get_full_name(), "role": "student"}
    key = f"u{student.pk}"
    ChatMessage.objects.create(uuid=uuid.uuid4(), person=key, text="hello", sent_at=NOW, **room)
    Attendance.objects.create(peer=uuid.uuid4(), person=key, joined_at=NOW, seen_at=NOW, **room)
    StudentCard.objects.create(tutor=tutor, student=student, note="likes chess")
    NotificationSettings.objects.create(user=student, updated_at=NOW)
    account = get_account(tutor, student)
    AccountEntry.objects.create(
        account=account, kind="payment", unit="UAH", amount=50000, created_by=tutor
    )
    payer = Payer.objects.create(tutor=tutor, name="Марія Коваль", email="m@kin.example")
    AccountPayer.objects.create(account=account, payer=payer)
    return lesson


def erase_now(person: User) -> Erasure:
    erasure = request_erasure(person, NOW)
    erase(erasure, NOW)
    erasure.refresh_from_db()
    return erasure


def whole_database() -> str:
    """Every text of every table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(found)


def test_nothing_names_the_student_any_more(school, student):
    names = [student.email, "Олена", "Коваль", "m@kin.example", "likes chess", "hello"]
    assert all(name in whole_database() for name in names)
    erase_now(student)
    MailMessage.objects.all().delete()  # to the tutor about the lesson, and the receipt
    left = whole_database()
    assert [name for name in names if name in left] == []


def test_lesson_attendance_and_ledger_stay_without_the_name(school, student):
    erase_now(student)
    assert Lesson.objects.get(pk=school.pk).status == school.status
    assert Participant.objects.filter(lesson=school, student=student).exists()
    assert Attendance.objects.get(session=school.session).name == "Обліковий запис видалено"
    assert AccountEntry.objects.get().amount == 50000
    student.refresh_from_db()
    assert student.get_full_name() == "Обліковий запис видалено"


def test_coming_lessons_are_cancelled_and_the_other_person_is_told(
    school, coming_lesson, student, tutor, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        erase_now(student)
    coming_lesson.refresh_from_db()
    assert coming_lesson.status == Lesson.Status.CANCELLED
    assert MailMessage.objects.filter(recipient=tutor.email).exists()
    assert {row.status for row in Membership.objects.filter(student=student)} == {"left"}


def test_erased_person_cannot_sign_in_and_the_address_is_free(school, student, browser):
    client, address = browser(student), student.email
    erase_now(student)
    assert client.get("/settings/").status_code == 302
    assert not User.objects.get(pk=student.pk).has_usable_password()
    assert User.objects.create_user(address, "x", role="student", first_name="a", last_name="b")


def test_receipt_has_counts_and_is_mailed_to_the_old_address(school, student):
    address = student.email
    erasure = erase_now(student)
    assert erasure.erased_at == NOW
    assert erasure.removed["classroom.ChatMessage"] == 1
    [mail] = MailMessage.objects.filter(recipient=address)
    assert str(erasure.receipt).encode() in bytes(mail.content)


def test_tutor_is_erased_with_the_students_who_have_no_account(
    school, coming_lesson, classroom, tutor, student
):
    placeholder = make_placeholder(classroom, email="sofia@school.example", phone="+380 44 000")
    make_series(tutor, student)
    erase_now(tutor)
    MailMessage.objects.all().delete()
    left = whole_database()
    names = [tutor.email, "Тарас", "sofia@school.example", "+380 44 000"]
    assert [name for name in names if name in left] == []
    coming_lesson.refresh_from_db()
    classroom.refresh_from_db()
    assert coming_lesson.status == Lesson.Status.CANCELLED
    assert classroom.archived_at == NOW
    assert User.objects.get(pk=placeholder.pk).is_placeholder


def test_erasure_waits_seven_days_and_can_be_taken_back(school, student):
    request_erasure(student, NOW)
    erase_due(NOW + GRACE_PERIOD - timedelta(seconds=1))
    assert User.objects.get(pk=student.pk).first_name == "Олена"
    assert take_back(student)
    erase_due(NOW + GRACE_PERIOD)
    assert User.objects.get(pk=student.pk).first_name == "Олена"
    assert not take_back(student)
    request_erasure(student, NOW)
    erase_due(NOW + GRACE_PERIOD)
    assert User.objects.get(pk=student.pk).first_name == "Обліковий запис"


def test_erasure_that_was_taken_back_meanwhile_does_nothing(school, student):
    erasure = request_erasure(student, NOW)
    take_back(student)
    erase(erasure, NOW)
    assert User.objects.get(pk=student.pk).first_name == "Олена"


def test_second_request_keeps_the_first_date_and_mails_once(school, student):
    first = request_erasure(student, NOW)
    assert request_erasure(student, NOW + timedelta(days=1)) == first
    assert MailMessage.objects.filter(recipient=student.email).count() == 1


def test_page_asks_for_the_address_and_takes_back(browser, school, student):
    client = browser(student)
    assert client.post("/settings/data/erase/", {"email": "x@y.example"}).status_code == 400
    assert not Erasure.objects.exists()
    assert client.post("/settings/data/erase/", {"email": student.email}).status_code == 302
    receipt = str(Erasure.objects.get().receipt)
    assert receipt in client.get("/settings/data/").content.decode()
    client.post("/settings/data/keep/")
    assert not Erasure.objects.exists()


def test_administrator_is_not_erased(browser, staff):
    assert browser(staff).get("/settings/data/erase/").status_code == 403
    with pytest.raises(CommandError, match="An administrator is not erased"):
        call_command("erase", staff.email, "--yes")


def test_command_asks_schedules_takes_back_and_erases(school, student, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("erase", student.email)
    monkeypatch.setattr("builtins.input", lambda _question: str(student.pk))
    call_command("erase", student.email, stdout=StringIO())
    assert Erasure.objects.get().erased_at is None
    call_command("erase", student.email, "--take-back", stdout=StringIO())
    with pytest.raises(CommandError, match="No erasure"):
        call_command("erase", student.email, "--take-back")
    call_command("erase", student.email, "--now", "--yes", stdout=StringIO())
    assert Erasure.objects.get().erased_at is not None

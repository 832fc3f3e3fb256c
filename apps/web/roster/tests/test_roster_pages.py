"""A roster is uploaded, previewed and confirmed."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from apps.classrooms import services
from apps.classrooms.invitations import (
    MAX_PER_ADDRESS,
    MAX_PER_TUTOR,
    count_invitation,
    invitations_left,
)
from apps.classrooms.models import Classroom, Membership, StudentCard
from apps.classrooms.models.student_card import MAX_NOTE
from apps.classrooms.services import invite_to_classroom
from apps.common.models import DailyLimit
from tests.builders import make_classroom, make_user

PREVIEW = "/students/import/preview/"


def upload(client, data, **fields):
    file = SimpleUploadedFile("roster.csv", data, "text/csv")
    return client.post("/students/import/", {"file": file, **fields}, follow=True)


def confirm(client, page):
    return client.post("/students/import/confirm/", {"id": page.context["id"]})


def invited_emails(classroom):
    found = Membership.objects.filter(classroom=classroom, status="invited")
    return sorted(found.values_list("invited_email", flat=True))


def test_encoding_is_shown_and_can_be_chosen(browser, tutor, classroom):
    client = browser(tutor)
    text = "Name;E-mail\nŻółć;z@x.example\n"  # too short to detect
    page = upload(client, text.encode("cp1250"), classroom=classroom.pk)
    assert "selected>Windows-1251</option>" in page.content.decode()
    page = client.get(PREVIEW, {"charset": "cp1250"})
    assert "Żółć" in page.content.decode()
    assert "selected>Windows-1250</option>" in page.content.decode()
    chosen = {"id": page.context["id"], "charset": "cp1250"}
    client.post("/students/import/confirm/", chosen)
    assert tutor.placeholders.get().first_name == "Żółć"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-8", "rot13", "\0", "cp1252"])
def test_wrong_encoding_can_be_changed_back(charset, browser, tutor, classroom):
    client = browser(tutor)
    upload(
        client,
        "Учень;Пошта\nҐалина Їжакевич;i@x.example\n".encode("cp1251"),
        classroom=classroom.pk,
    )
    response = client.get(PREVIEW, {"charset": charset, "column": "99999999999"})
    assert response.status_code in (200, 400)
    assert "Windows-1251</option>" in response.content.decode()
    assert "Їжакевич" in client.get(PREVIEW, {"charset": "cp1251"}).content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "Олена;mum@x.example;child@x.example\n",
        "Учень;Email 1;Email 2\nОлена;mum@x.example;child@x.example\n",
        "Учень;Контакт;Пошта\nОлена;mum@x.example;child@x.example\n",
        "Учень;Контакт\nОлена;mum@x.example\n",
        "Хто;Кому писати\nОлена;mum@x.example\n",
        "Учень;;\nОлена;mum@x.example;child@x.example\n",
    ],
    ids=["no headings", "two e-mails", "unknown beside", "unknown", "all unknown", "empty"],
)
def test_ambiguous_column_has_to_be_chosen(text, browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, text.encode(), classroom=classroom.pk)
    assert "mum@x.example" in page.content.decode()
    assert "Import 1 student" not in page.content.decode()
    assert confirm(client, page).url == PREVIEW
    assert invited_emails(classroom) == []


def test_chosen_column_is_invited(browser, tutor, classroom):
    client = browser(tutor)
    text = "Учень;Email 1;Email 2\nОлена;mum@x.example;child@x.example\n"
    upload(client, text.encode(), classroom=classroom.pk)
    page = client.get(PREVIEW, {"column": "2"})
    assert "Import 1 student" in page.content.decode()
    client.post("/students/import/confirm/", {"id": page.context["id"], "column": "2"})
    assert tutor.placeholders.get().contact_email == "child@x.example"


def test_preview_shows_remaining_invitations_of_the_day(browser, tutor, classroom):
    now = timezone.now()
    for _ in range(MAX_PER_TUTOR - 2):
        assert DailyLimit.use(f"invitations:tutor:{tutor.pk}", MAX_PER_TUTOR, now)
    client = browser(tutor)
    data = "\n".join(["email", *(f"{letter}@x.example" for letter in "dcba")]).encode()
    page = upload(client, data, classroom=classroom.pk)
    assert "You can invite 2 more people today" in page.content.decode()
    confirm(client, page)
    assert invited_emails(classroom) == ["c@x.example", "d@x.example"]
    shown = client.get(f"/classrooms/{classroom.pk}/").content.decode()
    assert "2 students were invited." in shown
    assert "2 students are not invited yet" in shown
    page = upload(client, data, classroom=classroom.pk)
    assert "You have reached today’s limit of invitations" in page.content.decode()
    assert invitations_left(tutor, now + timedelta(days=2)) == MAX_PER_TUTOR


def test_declined_members_are_not_invited_again(browser, tutor, classroom):
    membership = invite_to_classroom(classroom=classroom, email="no@x.example")
    membership.status = Membership.Status.DECLINED
    membership.save()
    client = browser(tutor)
    page = upload(client, b"no@x.example\nyes@x.example\n", classroom=classroom.pk)
    assert "This student declined or left." in page.content.decode()
    confirm(client, page)
    assert invited_emails(classroom) == ["yes@x.example"]


def test_new_classroom_needs_a_visible_name(browser, tutor):
    file = SimpleUploadedFile("roster.csv", b"email\na@school.example\n")
    page = browser(tutor).post("/students/import/", {"file": file, "name": "\u200b\u2060"})
    assert page.status_code == 400
    assert "Enter a name with at least one letter or digit." in page.content.decode()


def test_file_is_asked_for_again_when_another_field_is_refused(browser, tutor):
    """A browser sends the form back without it, and the second try would fail."""
    file = SimpleUploadedFile("a.csv", b"e-mail\nanna@x.example\n", content_type="text/csv")
    page = browser(tutor).post("/students/import/", {"file": file, "name": ""}).content.decode()
    assert "Choose the file again. Browsers" in page


def test_upload_invites_nobody_before_confirmation(browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, b"email\nnew@school.example\nbad\n", classroom=classroom.pk)
    assert "This is not an e-mail address." in page.content.decode()
    assert Membership.objects.count() == 1
    response = confirm(client, page)
    assert response.url == f"/classrooms/{classroom.pk}/"
    assert Membership.objects.get(invited_email="new@school.example").status == "invited"


def test_new_classroom_is_created_on_confirmation(browser, tutor):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", name="Геометрія")
    assert not Classroom.objects.exists()
    confirm(client, page)
    assert Classroom.objects.get().name == "Геометрія"


def test_preview_is_confirmed_once(browser, tutor):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", name="Геометрія")
    before = dict(client.session)
    confirm(client, page)
    assert confirm(client, page).url == "/students/import/"
    session = client.session
    session.update(before)  # as a simultaneous second click has read it
    session.save()
    assert confirm(client, page).url == "/students/import/"
    assert Classroom.objects.count() == 1


def test_preview_cannot_be_confirmed_in_another_session(browser, tutor, other_tutor, classroom):
    client = browser(tutor)
    page = upload(client, b"new@school.example\n", classroom=classroom.pk)
    upload(client, b"other@school.example\n", classroom=classroom.pk)
    for sender in (client, browser(other_tutor), browser(tutor)):
        assert confirm(sender, page).url == "/students/import/"
    assert Membership.objects.count() == 1


def test_preview_marks_members_and_discloses_no_accounts(browser, tutor, student, classroom):
    data = f"{student.email}\n{tutor.email}\n".encode()
    page = upload(browser(tutor), data, classroom=classroom.pk).content.decode()
    assert "Already in this classroom: active." in page
    assert "This account is not a student&#x27;s." not in page
    assert page.count("is invited") == 1


def test_upload_without_classroom_is_refused(browser, tutor):
    response = upload(browser(tutor), b"a@b.example\n")
    assert response.status_code == 400
    page = response.content.decode()
    assert "Choose a classroom, or name a new one." in page.partition('name="name"')[2]
    assert (page.count("(one of the two)"), page.count("(optional)")) == (2, 0)


ROSTER = "Прізвище;Ім’я;Пошта учня;Телефон;Мама;Клас\nБондар;Софія;s@x.example;067 1;Оксана;9\n"


def test_students_with_a_name_are_added_with_what_the_file_says(browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, ROSTER.encode(), classroom=classroom.pk)
    assert "is added" in page.content.decode()
    confirm(client, page)
    shown = client.get(f"/classrooms/{classroom.pk}/").content.decode()
    assert "1 student is added." in shown
    assert "Софія Бондар" in shown
    [student] = tutor.placeholders.all()
    card = StudentCard.objects.get(student=student)
    assert (card.phone, card.guardian_name, card.level) == ("067 1", "Оксана", "9")
    assert client.get(f"/lessons/new/?student={student.pk}").status_code == 200


def test_second_import_doubles_nobody(browser, tutor, classroom):
    client = browser(tutor)
    data = (ROSTER + "Лис;Юрій;;;;\n").encode()
    confirm(client, upload(client, data, classroom=classroom.pk))
    page = upload(client, data, classroom=classroom.pk)
    assert page.content.decode().count("Already in this classroom: active.") == 2
    confirm(client, upload(client, data, name="Геометрія"))
    assert tutor.placeholders.filter(first_name="Софія").count() == 1
    assert tutor.placeholders.get(first_name="Софія").memberships.count() == 2


def test_student_whom_the_tutor_knows_is_invited(browser, tutor, student, classroom):
    client = browser(tutor)
    data = f"Учень;Пошта\nКоваль Олена;{student.email}\n".encode()
    confirm(client, upload(client, data, name="Геометрія"))
    assert not tutor.placeholders.exists()
    assert student.memberships.count() + Membership.objects.filter(status="invited").count() == 2


def test_added_students_are_mailed_up_to_the_limit(
    browser, tutor, classroom, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    for _ in range(MAX_PER_TUTOR - 1):
        assert DailyLimit.use(f"invitations:tutor:{tutor.pk}", MAX_PER_TUTOR, timezone.now())
    client = browser(tutor)
    page = upload(client, (ROSTER + "Лис;Юрій;y@x.example;;;\n").encode(), classroom=classroom.pk)
    with django_capture_on_commit_callbacks(execute=True):
        confirm(client, page)
    assert [message.to for message in mail.outbox] == [["s@x.example"]]
    assert tutor.placeholders.count() == 2
    assert "1 student was not mailed" in client.get("/students/").content.decode()


def test_columns_are_assigned_in_the_preview(browser, tutor, classroom):
    client = browser(tutor)
    page = upload(client, ROSTER.encode(), classroom=classroom.pk)
    assert '<option value="3" selected>Телефон: 067 1</option>' in page.content.decode()
    swapped = {"last_name": "1", "first_name": "0", "phone": ""}
    page = client.get(PREVIEW, swapped)
    client.post("/students/import/confirm/", {"id": page.context["id"], **swapped})
    student = tutor.placeholders.get()
    assert (student.first_name, student.last_name) == ("Бондар", "Софія")
    assert StudentCard.objects.get().phone == ""


def test_active_students_come_before_invited_ones(browser, tutor, classroom):
    for number in range(25):
        invite_to_classroom(classroom=classroom, email=f"a{number}@x.example")
    page = browser(tutor).get(f"/classrooms/{classroom.pk}/").content.decode()
    assert page.index("Олена Коваль") < page.index("a0@x.example")


def test_import_into_a_new_classroom_over_the_limit_is_refused(browser, tutor, monkeypatch):
    monkeypatch.setattr(services, "MAX_CLASSROOMS", 0)
    client = browser(tutor)
    page = upload(client, b"email\na@x.example\n", name="9-A")
    shown = client.post("/students/import/confirm/", {"id": page.context["id"]}, follow=True)
    assert "At most 0 classrooms" in shown.content.decode()
    assert not Classroom.objects.exists()


@pytest.mark.parametrize("status", ["left", "declined", "removed"])
def test_import_does_not_tell_a_former_students_present_address(
    browser, tutor, student, classroom, status
):
    classroom.memberships.update(status=status)
    other = make_classroom(tutor, name="Geometry")
    client = browser(tutor)
    for target in (classroom, other):
        pages = []
        for number, email in enumerate((student.email, "nobody@x.example")):
            data = f"name,email\nKey{number} Person{number},{email}\n".encode()
            page = upload(client, data, classroom=target.pk)
            row = page.content.decode().partition("<tbody>")[2]
            confirm(client, page)
            shown = client.get(f"/classrooms/{target.pk}/").content.decode()
            pages.append((row.count("is added"), "1 student is added" in shown))
        assert pages[0] == pages[1] == (1, True)


def test_former_student_is_known_by_the_name(browser, tutor, student, classroom):
    classroom.memberships.update(status="left")
    names = f"{student.first_name},{student.last_name}"
    data = f"first name,last name,email\n{names},new@x.example\n".encode()
    page = upload(browser(tutor), data, classroom=classroom.pk)
    assert "This student declined or left." in page.content.decode()


def test_few_of_many_failures_are_kept_as_messages(browser, tutor, classroom):
    emails = [f"a{n}@x.example" for n in range(30)]
    for email in emails:
        for _ in range(MAX_PER_ADDRESS):
            count_invitation(make_user("tutor"), email, timezone.now())
    client = browser(tutor)
    page = upload(client, "\n".join(["email", *emails]).encode(), classroom=classroom.pk)
    confirm(client, page)
    shown = client.get(f"/classrooms/{classroom.pk}/").content.decode()
    assert shown.count("has been invited too often") == 5
    assert "25 more students could not be imported" in shown


def test_preview_says_which_contacts_are_shortened(browser, tutor, classroom):
    rows = [f"S{n},{'x' * (MAX_NOTE + n)}" for n in range(3)]
    page = upload(browser(tutor), "\n".join(["name,note", *rows]).encode(), classroom=classroom.pk)
    text = page.content.decode()
    assert "Private note: only the first 5000 characters are kept in lines 3, 4." in text

"""Lessons with several students on the pages."""

import pytest

from apps.lessons.models import Lesson, Participant
from tests.builders import HOUR, NOON, make_lesson, make_membership, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(classroom):
    student = make_user("student", "Юлія", "Яценко")
    make_membership(classroom, student)
    return student


@pytest.fixture
def group(lesson, second):
    Participant.objects.create(lesson=lesson, student=second)
    return lesson


def form_for(*students, **changes):
    start = {"date": "2027-03-01", "time": "12:00", "minutes": "60", "fold": "0"}
    return {"student": [one.pk for one in students], **start, "once": "x", **changes}


def text_of(answer):
    return answer.content.decode()


def test_several_students_are_chosen_one_after_another(browser, tutor, student, second):
    client = browser(tutor)
    url = f"/lessons/new/?student={student.pk}"
    assert f"?student={student.pk}&amp;add=1" in text_of(client.get(url))
    choice = text_of(client.get(f"{url}&add=1"))
    assert f"?student={student.pk}&amp;student={second.pk}" in choice
    assert f"student={student.pk}&amp;student={student.pk}" not in choice
    page = text_of(client.get(f"{url}&student={second.pk}"))
    for one in (student, second):
        assert f'<input type="hidden" name="student" value="{one.pk}">' in page
    assert f'href="?student={second.pk}"' in page


def test_search_for_another_student_keeps_those_chosen(browser, tutor, student, second):
    url = f"/lessons/new/?student={student.pk}&add=1&q=Яценко"
    page = text_of(browser(tutor).get(url))
    assert f'<input type="hidden" name="student" value="{student.pk}">' in page
    assert f"student={second.pk}" in page


def test_form_schedules_a_group_once(browser, tutor, student, second):
    client = browser(tutor)
    for _ in range(2):
        answer = client.post("/lessons/new/", form_for(student, second))
    lesson = Lesson.objects.get()
    assert answer["Location"] == f"/lessons/{lesson.pk}/"
    assert set(lesson.list_student_ids()) == {student.pk, second.pk}


def test_conflict_of_one_student_is_shown(browser, tutor, other_tutor, student, second):
    start = NOON.replace(year=2027, month=3, day=1, hour=10)
    make_lesson(other_tutor, second, start)
    answer = browser(tutor).post("/lessons/new/", form_for(student, second))
    assert answer.status_code == 409
    assert "Юлія Яценко" in text_of(answer)


def test_form_with_a_foreign_student_is_refused(browser, tutor, student, stranger):
    assert browser(tutor).post("/lessons/new/", form_for(student, stranger)).status_code == 403


def test_tutor_adds_and_removes_a_student(browser, tutor, coming_lesson, student, second):
    client, page = browser(tutor), f"/lessons/{coming_lesson.pk}/"
    assert "Юлія Яценко" in text_of(client.get(f"{page}students/"))
    client.post(f"{page}students/", {"student": second.pk})
    assert "Юлія Яценко" in text_of(client.get(page))
    client.post(f"{page}students/{student.pk}/", {"remove": "1"})
    assert coming_lesson.participants.get().student == second
    answer = client.post(f"{page}students/{second.pk}/", {"remove": "1"}, follow=True)
    assert "needs a student" in text_of(answer)
    assert coming_lesson.participants.count() == 1


def test_student_of_the_lesson_cannot_be_added_again(browser, tutor, group, student, second):
    page = text_of(browser(tutor).get(f"/lessons/{group.pk}/students/"))
    assert page.count("In this lesson already") == 2
    assert 'name="student"' not in page


def test_foreign_student_is_not_added(browser, tutor, coming_lesson, stranger):
    url = f"/lessons/{coming_lesson.pk}/students/"
    answer = browser(tutor).post(url, {"student": stranger.pk})
    assert "not an active member" in text_of(answer)


@pytest.mark.parametrize("status", ["attended", "no_show"])
def test_tutor_records_who_came(browser, tutor, group, second, status):
    client, page = browser(tutor), f"/lessons/{group.pk}/"
    client.post(f"{page}students/{second.pk}/", {"status": status})
    assert group.participants.get(student=second).status == status
    assert f'class="badge {status}"' in text_of(client.get(page))
    client.post(f"{page}students/{second.pk}/", {"status": "cancelled"})
    assert group.participants.get(student=second).status == status


def test_only_the_tutor_changes_the_students(browser, group, student, second, other_tutor):
    for person, status in ((student, 403), (other_tutor, 403)):
        client = browser(person)
        assert client.get(f"/lessons/{group.pk}/students/").status_code == status
        for body in ({"remove": "1"}, {"status": "attended"}):
            url = f"/lessons/{group.pk}/students/{second.pk}/"
            assert client.post(url, body).status_code == status
    assert group.participants.filter(status="booked").count() == 2


def test_student_sees_the_others_of_the_group(browser, group, student, second):
    page = text_of(browser(student).get(f"/lessons/{group.pk}/"))
    assert "Юлія Яценко" in page
    assert second.email not in page
    assert 'name="remove"' not in page


def test_agenda_and_title_name_the_students(browser, tutor, coming_lesson, second):
    Participant.objects.create(lesson=coming_lesson, student=second)
    client = browser(tutor)
    assert "Олена Коваль, Юлія Яценко" in text_of(client.get("/calendar/"))
    assert "Олена Коваль, Юлія Яценко" in text_of(client.get(f"/lessons/{coming_lesson.pk}/"))


def test_reschedule_form_shows_each_local_time(browser, tutor, student, second, classroom):
    type(second).objects.filter(pk=second.pk).update(timezone="America/Toronto")
    lesson = make_lesson(tutor, student, NOON.replace(year=2027) + HOUR)
    Participant.objects.create(lesson=lesson, student=second)
    page = text_of(browser(tutor).get(f"/lessons/{lesson.pk}/edit/"))
    assert "America/Toronto" in page
    assert page.count("data-their-time") == 1

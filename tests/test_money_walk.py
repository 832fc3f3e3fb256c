"""Money between a tutor and a student, on a server as `make run` starts it: a pack of lessons that
are booked, cancelled, waived and missed, a bank transfer, a statement, and a slot that fifty want.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.scene_client import Scene
from tests.person import Person
from tests.server import start_kreida, stop_kreida

pytestmark = pytest.mark.any_database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RIVALS = 50
POLICY = {
    "students_may_cancel": True,
    "free_until_minutes": 24 * 60,
    "late_charge_percent": 100,
    "no_show_charge_percent": 100,
    "free_late_cancellations": 0,
    "free_late_period_days": 30,
    "no_fault_reasons": ["illness"],
}
AVAILABILITY = {
    "timezone": "UTC",
    "weekly": [
        {"weekday": day, "from": "00:00", "to": "24:00"}
        for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    ],
    "exceptions": [],
    "lesson_minutes": [60],
    "buffer_minutes": 0,
    "minimum_notice_minutes": 60,
    "booking_window_days": 30,
    "requires_confirmation": False,
}


class School:
    """A tutor with a policy, free time and bank details, and students."""

    def __init__(self, server):
        scene = Scene(server.data_dir)
        made = [scene.person(role="student", timezone="UTC") for _each in range(RIVALS)]
        self.tutor = Person(server, scene.person(role="tutor", timezone="UTC"))
        self.students = [Person(server, each) for each in made]
        scene.classroom(tutor=self.tutor.id, students=[each.id for each in self.students])
        scene.process.stdin.close()
        scene.process.wait(10)
        self.tutor.call("PUT", "/api/me/cancellation-policy/", POLICY)
        self.tutor.call("PUT", "/api/me/availability/", AVAILABILITY)
        payee = {"name": "ФОП Вчитель", "iban": "UA213223130000026007233566001"}
        payee |= {"currency": "UAH", "tax_id": "1234567890", "purpose": "Уроки {student}"}
        self.tutor.client.post("/payments/details/", data=payee)
        self.account = f"/api/students/{self.students[0].id}/account"

    def slots(self, student, begin, end):
        path = f"/api/tutors/{self.tutor.id}/slots"
        query = f"?from={begin:%Y-%m-%dT%H:%M:%SZ}&to={end:%Y-%m-%dT%H:%M:%SZ}"
        return [slot["starts_at"] for slot in student.call("GET", path + query)["results"]]

    def book(self, student, starts_at):
        path = f"/api/tutors/{self.tutor.id}/bookings/"
        return student.client.post(path, json={"starts_at": starts_at})

    def ledger(self):
        """Kinds and amounts, the oldest first, as the student reads them."""
        path = f"{self.account}/entries/?limit=100"
        entries = self.students[0].call("GET", path)["results"]
        return [(one["kind"], one["unit"], one["amount"]) for one in reversed(entries)]


@pytest.fixture
def school(tmp_path, kreida_seed):
    server = start_kreida(tmp_path, kreida_seed, THROTTLING="off")
    yield School(server)
    stop_kreida(server)


def cancel(student, lesson_id, **body):
    """Return what the terms said before, and the student's status after."""
    terms = student.call("GET", f"/api/lessons/{lesson_id}/cancellation-terms/")
    lesson = student.call("POST", f"/api/lessons/{lesson_id}/cancel/", body)
    return terms["outcome"], lesson["students"][0]["status"]


def past_lesson(school, hours_ago, status):
    """A lesson that has begun, and who came to it."""
    starts_at = datetime.now(UTC).replace(microsecond=0) - hours_ago * HOUR
    times = {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + HOUR).isoformat()}
    body = {"student_id": school.students[0].id, **times}
    lesson = school.tutor.call("POST", "/api/lessons/", body, status=201)
    path = f"/api/lessons/{lesson['id']}/students/{school.students[0].id}/"
    school.tutor.call("PATCH", path, {"status": status})


def test_pack_of_eight_lessons_line_by_line(school):
    student, tutor = school.students[0], school.tutor
    pack = {"kind": "pack", "unit": "lesson", "amount": "8"}
    tutor.call("POST", f"{school.account}/entries/", pack, status=201)
    now = datetime.now(UTC)
    soon = school.slots(student, now, now + DAY)
    later = school.slots(student, now + 2 * DAY, now + 4 * DAY)
    booked = [school.book(student, each).json()["id"] for each in (later[0], soon[0], soon[2])]

    assert cancel(student, booked[0]) == ("free", "cancelled")
    assert cancel(student, booked[1]) == ("charged", "late_cancelled")
    assert cancel(student, booked[2]) == ("charged", "late_cancelled")
    waived = f"/api/lessons/{booked[1]}/students/{student.id}/waive/"
    tutor.call("POST", waived, {"note": "Перший раз"})
    past_lesson(school, 5, "no_show")
    past_lesson(school, 3, "attended")

    assert school.ledger() == [
        ("pack", "lesson", "8.00"),
        ("late_cancellation", "lesson", "-1.00"),
        ("late_cancellation", "lesson", "-1.00"),
        ("reversal", "lesson", "1.00"),
        ("no_show", "lesson", "-1.00"),
        ("lesson", "lesson", "-1.00"),
    ]
    account = student.call("GET", f"{school.account}/")
    assert account["balances"] == [{"unit": "lesson", "amount": "5.00"}]
    assert [each["left"] for each in account["packs"]] == [5]
    month = f"{now:%Y-%m}"
    table = tutor.client.get(f"/api/reports/accounts.csv?month={month}").text
    assert table.count("\n") == 7
    assert "Перший раз" in table


def test_bank_transfer_is_matched_and_stands_in_the_statement(school):
    tutor, student = school.tutor, school.students[0]
    amount = {f"amount_{student.id}": "1200", "currency": "UAH"}
    asked = tutor.client.post(f"/payments/requests/new/?student={student.id}", data=amount)
    request = asked.headers["Location"].rstrip("/").rpartition("/")[2]
    rows = "Дата;Сума;Призначення\n24.11.2026;1200,00;Уроки KR-1\n"
    for _again in range(2):  # the second import adds nothing
        file = {"file": ("statement.csv", rows.encode("cp1251"))}
        preview = tutor.client.post("/payments/bank/", files=file, follow_redirects=True)
        assert "KR-1" in preview.text
        tutor.client.post("/payments/bank/import/")
    lines = tutor.client.get("/payments/bank/lines/").text
    assert lines.count(f'value="request-{request}" selected') == 1
    confirmed = {"action": "confirm", "target": f"request-{request}"}
    for _again in range(2):
        tutor.client.post("/payments/bank/lines/1/", data=confirmed)
    assert school.ledger() == [("payment", "UAH", "1200.00")]

    listed = student.client.get("/statements/").text
    [statement] = re.findall(r'href="(/statements/\d+/)"', listed)
    page = student.client.get(statement, follow_redirects=True).text
    [path] = re.findall(r'href="(/statements/[\w/-]+/pdf/)"', page)
    assert student.client.get(path).content.startswith(b"%PDF-")
    assert "1200.00" in student.client.get(path.replace("/pdf/", "/csv/")).text


def test_one_slot_is_booked_by_one_of_fifty_students(school):
    now = datetime.now(UTC)
    slot = school.slots(school.students[0], now, now + 2 * DAY)[3]
    with ThreadPoolExecutor(RIVALS) as pool:
        answers = list(pool.map(lambda student: school.book(student, slot), school.students))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (RIVALS - 1)
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {each["error"] for each in refused} == {"lesson_conflict"}
    for each in refused:
        assert 0 < len(each["next_slots"]) <= 3
        assert slot not in [one["starts_at"] for one in each["next_slots"]]

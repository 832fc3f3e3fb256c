"""Tests of accounts: entries, rates, packs, charges and reversals."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.billing.charges import charge_all
from apps.billing.models import Account, AccountEntry, Pack
from apps.billing.packs import expire_all, freeze_pack, thaw_pack
from apps.lessons.models import Lesson, Participant
from tests.builders import make_classroom, make_membership, make_user

pytestmark = pytest.mark.django_db
RATE = {"amount": "400.00", "currency": "UAH", "per": "lesson"}


@pytest.fixture
def url(student, classroom):
    return f"/api/students/{student.pk}/account/"


@pytest.fixture
def with_rate(as_tutor, url):
    def put(**changes):
        response = as_tutor.put(f"{url}rate/", {**RATE, **changes})
        assert response.status_code == 200, response.content
        return response.json()

    return put


@pytest.fixture
def with_pack(as_tutor, url):
    def post(lessons=8, **fields):
        body = {"kind": "pack", "unit": "lesson", "amount": str(lessons), **fields}
        response = as_tutor.post(f"{url}entries/", body)
        assert response.status_code == 201, response.content
        return response.json()

    return post


@pytest.fixture
def account(as_student, url):
    return lambda: as_student.get(url).json()


@pytest.fixture
def entries(as_student, url):
    """Kind and amount of each entry, the oldest first."""

    def get():
        results = as_student.get(f"{url}entries/?limit=100").json()["results"]
        return [(row["kind"], row["unit"], row["amount"]) for row in reversed(results)]

    return get


@pytest.fixture
def record(as_tutor, student):
    def patch(lesson, status):
        url = f"/api/lessons/{lesson.pk}/students/{student.pk}/"
        response = as_tutor.patch(url, {"status": status})
        assert response.status_code == 200, response.content

    return patch


def balance(account):
    return {row["unit"]: row["amount"] for row in account()["balances"]}


# Reading


def test_new_account_is_empty(account, student, tutor):
    assert account() == {
        "student_id": student.pk,
        "tutor_id": tutor.pk,
        "balances": [],
        "rate": None,
        "packs": [],
    }
    assert not Account.objects.exists()


def test_student_of_two_tutors_names_one(as_student, url, classroom, other_tutor, student):
    make_membership(make_classroom(other_tutor), student)
    other = as_student.get(f"{url}?tutor_id={other_tutor.pk}").json()
    assert other["tutor_id"] == other_tutor.pk
    assert as_student.get(url).json()["tutor_id"] == classroom.tutor_id
    assert as_student.get(f"{url}?tutor_id={student.pk}").status_code == 404


def test_entries_are_paged_newest_first(as_tutor, as_student, url):
    for number in range(1, 4):
        body = {"kind": "payment", "unit": "UAH", "amount": f"{number}"}
        assert as_tutor.post(f"{url}entries/", body).status_code == 201
    page = as_student.get(f"{url}entries/?limit=2&offset=1").json()
    assert page["count"] == 3
    assert [row["amount"] for row in page["results"]] == ["2.00", "1.00"]
    assert set(page["results"][0]) == {
        *("id", "created_at", "kind", "unit", "amount", "lesson_id", "note", "reverses_id")
    }


# Entries of the tutor


@pytest.mark.parametrize(
    ("kind", "amount", "stored"),
    [
        ("payment", "1600.00", "1600.00"),
        ("payment", "0.1", "0.10"),
        ("refund", "400", "-400.00"),
        ("refund", "-400", "-400.00"),
        ("adjustment", "-5.50", "-5.50"),
    ],
)
def test_entry_is_added(as_tutor, url, account, kind, amount, stored):
    body = {"kind": kind, "unit": "UAH", "amount": amount, "note": "Готівка"}
    response = as_tutor.post(f"{url}entries/", body)
    assert response.status_code == 201
    assert (response.json()["amount"], response.json()["note"]) == (stored, "Готівка")
    assert balance(account) == {"UAH": stored}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": 100}, "amount"),
        ({"amount": "12345678901"}, "amount"),
        ({"unit": "lessons"}, "unit"),
        ({"unit": "uah"}, "unit"),
        ({"unit": "XYZ"}, "unit"),
        ({"kind": "lesson"}, "kind"),
        ({"kind": "pack"}, "unit"),
        ({"kind": "pack", "unit": "lesson", "amount": "1.5"}, "amount"),
        ({"kind": "pack", "unit": "lesson", "amount": "1001"}, "amount"),
        ({"expires_on": "2026-12-31"}, "expires_on"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_invalid_entry_is_refused(as_tutor, url, change, field):
    body = {"kind": "payment", "unit": "UAH", "amount": "100.00", **change}
    response = as_tutor.post(f"{url}entries/", body)
    assert (response.status_code, list(response.json()["fields"])) == (400, [field])
    assert not AccountEntry.objects.exists()


def test_entry_that_is_sent_again_is_added_once(as_tutor, url, account):
    body = {"kind": "payment", "unit": "UAH", "amount": "100.00"}
    key = {"headers": {"Idempotency-Key": "k1"}}
    sent = [as_tutor.post(f"{url}entries/", body, **key) for _attempt in range(2)]
    assert [each.status_code for each in sent] == [201, 201]
    assert sent[0].json() == sent[1].json()
    changed = as_tutor.post(f"{url}entries/", {**body, "amount": "1.00"}, **key)
    assert (changed.status_code, changed.json()["error"]) == (400, "validation_error")
    pack = {"kind": "pack", "unit": "lesson", "amount": "8"}
    for _attempt in range(2):
        as_tutor.post(f"{url}entries/", pack, headers={"Idempotency-Key": "k2"})
    assert balance(account) == {"UAH": "100.00", "lesson": "8.00"}


def test_more_entries_than_a_tutor_adds_a_day_are_refused(as_tutor, url, account, monkeypatch):
    monkeypatch.setattr("apps.billing.api.account_views.ENTRIES", 2)
    body = {"kind": "payment", "unit": "UAH", "amount": "1.00"}
    answers = [as_tutor.post(f"{url}entries/", body) for _number in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 429]
    assert int(answers[2]["Retry-After"]) > 3600
    assert balance(account) == {"UAH": "2.00"}


def test_entry_is_reversed_once(as_tutor, url, account, with_pack):
    entry = with_pack()
    reverse = f"/api/account-entries/{entry['id']}/reverse/"
    response = as_tutor.post(reverse, {"note": "Помилка"})
    assert response.status_code == 201
    reversal = response.json()
    assert (reversal["kind"], reversal["amount"], reversal["reverses_id"]) == (
        "reversal",
        "-8.00",
        entry["id"],
    )
    again = as_tutor.post(reverse, {"note": ""})
    assert (again.status_code, again.json()["error"]) == (409, "already_reversed")
    of_reversal = as_tutor.post(f"/api/account-entries/{reversal['id']}/reverse/", {"note": ""})
    assert of_reversal.status_code == 400
    assert balance(account) == {"lesson": "0.00"}


@pytest.mark.parametrize("change", [{"per": "day"}, {"currency": "lesson"}, {"amount": "-1"}])
def test_invalid_rate_is_refused(as_tutor, url, change):
    assert as_tutor.put(f"{url}rate/", {**RATE, **change}).status_code == 400


def test_rate_is_shown(with_rate, account):
    assert with_rate(amount="350.5") == {**RATE, "amount": "350.50"}
    assert account()["rate"]["amount"] == "350.50"


# Charges


def test_lesson_is_charged_by_the_rate_once(with_rate, account, entries, book, record):
    with_rate()
    lesson = book(-2)
    record(lesson, "attended")
    record(lesson, "attended")
    charge_all(timezone.now())
    assert entries() == [("lesson", "UAH", "-400.00")]
    assert balance(account) == {"UAH": "-400.00"}


@pytest.mark.parametrize(
    ("per", "amount", "minutes", "charged"),
    [
        ("lesson", "400", 90, "-400.00"),
        ("hour", "400", 90, "-600.00"),
        ("hour", "100", 50, "-83.33"),
        ("hour", "0.01", 30, "-0.01"),
        ("hour", "333.33", 45, "-250.00"),
    ],
)
def test_amounts_are_rounded_half_up(
    with_rate, entries, book, record, per, amount, minutes, charged
):
    with_rate(per=per, amount=amount)
    record(book(-3, length=timedelta(minutes=minutes)), "attended")
    assert entries() == [("lesson", "UAH", charged)]


def test_rate_of_nothing_charges_nothing(with_rate, entries, book, record):
    with_rate(amount="0")
    record(book(-2), "attended")
    assert entries() == []


def test_lesson_without_rate_and_pack_is_not_charged(as_tutor, url, entries, book, record):
    as_tutor.post(f"{url}entries/", {"kind": "payment", "unit": "UAH", "amount": "100"})
    record(book(-2), "attended")
    assert entries() == [("payment", "UAH", "100.00")]


def test_completed_lesson_is_charged_and_one_that_was_not_held_is_not(
    with_rate, entries, book, tutor
):
    with_rate()
    held, _not_held, _coming = book(-3), book(-5), book(5)
    Lesson.objects.filter(pk=held.pk).update(status="completed")
    assert charge_all(timezone.now()) == 1
    assert entries() == [("lesson", "UAH", "-400.00")]


def test_charge_is_found_when_the_account_is_read(with_rate, account, book):
    with_rate()
    Lesson.objects.filter(pk=book(-3).pk).update(status="completed")
    assert balance(account) == {"UAH": "-400.00"}


def test_lessons_before_the_first_rate_are_not_charged(with_rate, entries, book):
    earlier = book(-30)
    Lesson.objects.filter(pk=earlier.pk).update(
        status="completed", created_at=timezone.now() - timedelta(days=3)
    )
    with_rate()
    assert charge_all(timezone.now()) == 0
    assert entries() == []


def test_new_rate_holds_for_what_is_due_later(with_rate, entries, book, record):
    with_rate()
    Lesson.objects.filter(pk=book(-3).pk).update(status="completed")
    with_rate(amount="500")
    record(book(-5), "attended")
    assert [amount for *_kind, amount in entries()] == ["-400.00", "-500.00"]


def test_correction_of_who_came_reverses_the_charge(
    with_rate, entries, account, book, record, set_policy
):
    set_policy(no_show_charge_percent=50)
    with_rate()
    lesson = book(-2)
    for status in ("attended", "no_show", "attended"):
        record(lesson, status)
    assert entries() == [
        ("lesson", "UAH", "-400.00"),
        ("reversal", "UAH", "400.00"),
        ("no_show", "UAH", "-200.00"),
        ("reversal", "UAH", "200.00"),
        ("lesson", "UAH", "-400.00"),
    ]
    assert balance(account) == {"UAH": "-400.00"}


def test_missed_lesson_is_free_by_the_policy(with_rate, entries, book, record, set_policy):
    set_policy(no_show_charge_percent=0)
    with_rate()
    record(book(-2), "no_show")
    assert entries() == []


def test_late_cancellation_is_charged_at_once(with_rate, entries, as_student, book, set_policy):
    set_policy(late_charge_percent=50)
    with_rate()
    late, early = book(3), book(48)
    for lesson in (late, early):
        assert as_student.post(f"/api/lessons/{lesson.pk}/cancel/", {}).status_code == 200
    charge_all(timezone.now() + timedelta(days=3))
    assert entries() == [("late_cancellation", "UAH", "-200.00")]
    entry = AccountEntry.objects.get()
    assert (entry.decision.charge_percent, entry.note, entry.lesson_id) == (50, "50 %", late.pk)


def test_late_cancellation_of_one_of_a_group_stays_when_the_others_cancel(
    with_rate, entries, as_student, api, classroom, book, set_policy
):
    set_policy()
    with_rate()
    lesson, other = book(3), make_user("student")
    make_membership(classroom, other)
    Participant.objects.create(lesson=lesson, student=other)
    for client in (as_student, api(other)):
        assert client.post(f"/api/lessons/{lesson.pk}/cancel/", {}).status_code == 200
    charge_all(timezone.now())
    assert entries() == [("late_cancellation", "UAH", "-400.00")]


def test_cancellation_by_the_tutor_never_costs_the_student(
    with_rate, entries, as_student, as_tutor, classroom, book, set_policy, record, account
):
    set_policy()
    with_rate()
    group, held, other = book(3), book(-2), make_user("student")
    make_membership(classroom, other)
    Participant.objects.create(lesson=group, student=other)
    as_student.post(f"/api/lessons/{group.pk}/cancel/", {})
    record(held, "attended")
    assert balance(account) == {"UAH": "-800.00"}
    for lesson in (group, held, book(5)):
        assert as_tutor.post(f"/api/lessons/{lesson.pk}/cancel/", {}).status_code == 200
    assert balance(account) == {"UAH": "0.00"}


def test_undone_cancellation_of_a_held_lesson_is_charged_again(
    with_rate, as_tutor, book, record, account
):
    with_rate()
    lesson = book(-2)
    record(lesson, "attended")
    cancelled = as_tutor.post(f"/api/lessons/{lesson.pk}/cancel/", {})
    assert balance(account) == {"UAH": "0.00"}
    as_tutor.post(f"/api/lesson-changes/{cancelled['Change-Id']}/undo/")
    assert balance(account) == {"UAH": "-400.00"}


def test_student_taken_out_of_a_held_lesson_is_not_charged(
    with_rate, as_tutor, classroom, book, record, account, student
):
    with_rate()
    lesson, other = book(-2), make_user("student")
    make_membership(classroom, other)
    Participant.objects.create(lesson=lesson, student=other)
    record(lesson, "attended")
    as_tutor.delete(f"/api/lessons/{lesson.pk}/students/{student.pk}/")
    assert balance(account) == {"UAH": "0.00"}


# Waivers


def waive(client, lesson, student, note="Хворів"):
    return client.post(f"/api/lessons/{lesson.pk}/students/{student.pk}/waive/", {"note": note})


def test_waived_charge_is_reversed_and_not_made_again(
    with_rate, as_tutor, as_student, book, set_policy, student, entries, account
):
    set_policy()
    with_rate()
    lesson = book(3)
    as_student.post(f"/api/lessons/{lesson.pk}/cancel/", {})
    assert waive(as_tutor, lesson, student).status_code == 200
    again = waive(as_tutor, lesson, student)
    assert (again.status_code, again.json()["error"]) == (409, "already_reversed")
    charge_all(timezone.now())
    assert entries() == [
        ("late_cancellation", "UAH", "-400.00"),
        ("reversal", "UAH", "400.00"),
    ]
    assert lesson.participants.get().status == "late_cancelled"
    assert AccountEntry.objects.filter(kind="reversal").get().note == "Хворів"


def test_waiver_of_a_missed_lesson_ends_when_the_student_came_after_all(
    with_rate, as_tutor, book, student, record, account
):
    with_rate()
    lesson = book(-2)
    record(lesson, "no_show")
    waive(as_tutor, lesson, student)
    record(lesson, "no_show")
    assert balance(account) == {"UAH": "0.00"}
    record(lesson, "attended")
    assert balance(account) == {"UAH": "-400.00"}


def test_nothing_to_waive(as_tutor, book, student, stranger):
    lesson = book(48)
    assert waive(as_tutor, lesson, student).status_code == 400
    assert waive(as_tutor, lesson, stranger).status_code == 404


def test_waiver_without_a_charge_changes_nothing(as_tutor, as_student, book, student, set_policy):
    set_policy()
    lesson = book(3)
    as_student.post(f"/api/lessons/{lesson.pk}/cancel/", {})
    assert waive(as_tutor, lesson, student).status_code == 200
    assert not AccountEntry.objects.exists()


# Packs


def test_lesson_takes_from_the_pack_that_expires_first(
    with_rate, with_pack, account, book, record, student, tutor
):
    with_rate()
    today = tutor.to_local_time(timezone.now()).date()
    later = with_pack(2, expires_on=str(today + timedelta(days=60)))
    sooner = with_pack(1, expires_on=str(today + timedelta(days=30)))
    for hours in (-2, -4, -6, -8):
        record(book(hours), "attended")
    assert balance(account) == {"lesson": "0.00", "UAH": "-400.00"}
    used = AccountEntry.objects.filter(kind="lesson").order_by("pk")
    packs = [entry.pack and entry.pack.entries.get(kind="pack").pk for entry in used]
    assert packs == [sooner["id"], later["id"], later["id"], None]


def test_pack_tells_what_is_left(with_pack, account, book, record, tutor):
    with_pack(8, expires_on="2199-12-31")
    record(book(-2), "attended")
    [pack] = account()["packs"]
    assert {**pack, "id": None} == {
        "id": None,
        "lessons": 8,
        "left": 7,
        "expires_on": "2199-12-31",
        "frozen_on": None,
    }


def test_part_of_a_lesson_is_taken_from_a_pack(with_pack, account, as_student, book, set_policy):
    set_policy(late_charge_percent=50)
    with_pack(8)
    as_student.post(f"/api/lessons/{book(3).pk}/cancel/", {})
    assert account()["packs"][0]["left"] == 7.5
    assert balance(account) == {"lesson": "7.50"}


def test_lessons_after_the_pack_are_owed_and_settled_by_the_next(with_pack, account, book, record):
    with_pack(1)
    for hours in (-2, -4, -6):
        record(book(hours), "attended")
    assert balance(account) == {"lesson": "-2.00"}
    assert [pack["left"] for pack in account()["packs"]] == [0]
    with_pack(8)
    assert balance(account) == {"lesson": "6.00"}
    assert [pack["left"] for pack in account()["packs"]] == [6]


def test_pack_expires_after_its_last_day_once(with_pack, entries, account, tutor):
    today = tutor.to_local_time(timezone.now()).date()
    with_pack(3, expires_on=str(today))
    with_pack(2)
    after = timezone.now() + timedelta(days=2)
    assert expire_all(timezone.now() - timedelta(days=1)) == 0
    assert [expire_all(after), expire_all(after)] == [1, 0]
    assert entries()[-1] == ("expiry", "lesson", "-3.00")
    assert balance(account) == {"lesson": "2.00"}


def test_lesson_waived_after_the_expiry_stays_with_the_student(
    with_pack, as_tutor, account, book, record, student, tutor
):
    today = tutor.to_local_time(timezone.now()).date()
    with_pack(3, expires_on=str(today))
    lesson = book(-26)
    record(lesson, "attended")
    after = timezone.now() + timedelta(days=2)
    expire_all(after)
    waive(as_tutor, lesson, student)
    expire_all(after)
    assert balance(account) == {"lesson": "1.00"}
    record(book(-2), "attended")
    assert balance(account) == {"lesson": "0.00"}


def test_frozen_pack_is_not_used_and_expires_later(with_pack, account, book, record, tutor):
    today = tutor.to_local_time(timezone.now()).date()
    with_pack(3, expires_on=str(today + timedelta(days=5)))
    pack = AccountEntry.objects.get().pack
    freeze_pack(pack=pack, now=timezone.now())
    record(book(-2), "attended")
    assert balance(account) == {"lesson": "2.00"}
    assert account()["packs"][0]["left"] == 3
    assert expire_all(timezone.now() + timedelta(days=9)) == 0
    thaw_pack(pack=pack, now=timezone.now() + timedelta(days=9))
    assert pack.expires_on == today + timedelta(days=14)


def test_pack_is_frozen_and_unfrozen_by_the_api(with_pack, as_tutor, account, tutor):
    today = tutor.to_local_time(timezone.now()).date()
    with_pack(3, expires_on=str(today + timedelta(days=5)))
    pack_id = AccountEntry.objects.get().pack_id
    frozen = as_tutor.post(f"/api/packs/{pack_id}/freeze/")
    assert (frozen.status_code, frozen.json()["frozen_on"]) == (200, str(today))
    assert account()["packs"] == [frozen.json()]
    assert as_tutor.post(f"/api/packs/{pack_id}/freeze/").status_code == 400
    Pack.objects.update(frozen_on=today - timedelta(days=2))
    thawed = as_tutor.post(f"/api/packs/{pack_id}/unfreeze/").json()
    assert (thawed["frozen_on"], thawed["expires_on"]) == (None, str(today + timedelta(days=7)))
    assert as_tutor.post(f"/api/packs/{pack_id}/unfreeze/").status_code == 400


def test_lessons_are_charged_before_a_pack_is_frozen_and_unfrozen(with_pack, book, as_tutor):
    with_pack(3)
    pack = AccountEntry.objects.get().pack
    before, meanwhile, after = book(-6), book(-4), book(-2)
    Lesson.objects.filter(pk=before.pk).update(status="completed")
    as_tutor.post(f"/api/packs/{pack.pk}/freeze/")
    Lesson.objects.filter(pk=meanwhile.pk).update(status="completed")
    as_tutor.post(f"/api/packs/{pack.pk}/unfreeze/")
    Lesson.objects.filter(pk=after.pk).update(status="completed")
    charge_all(timezone.now())
    charges = AccountEntry.objects.filter(kind="lesson").order_by("lesson__starts_at")
    assert [charge.pack for charge in charges] == [pack, None, pack]


def test_currencies_are_not_mixed(as_tutor, url, account):
    for unit, amount in (("UAH", "100"), ("EUR", "20"), ("lesson", "1")):
        kind = "adjustment" if unit == "lesson" else "payment"
        as_tutor.post(f"{url}entries/", {"kind": kind, "unit": unit, "amount": amount})
    assert account()["balances"] == [
        {"unit": "lesson", "amount": "1.00"},
        {"unit": "EUR", "amount": "20.00"},
        {"unit": "UAH", "amount": "100.00"},
    ]
    assert sum(row.amount for row in AccountEntry.objects.all()) == Decimal(121)


# The report


def test_report_has_every_entry_of_the_month(as_tutor, url, with_rate, book, record, tutor):
    with_rate()
    body = {"kind": "payment", "unit": "UAH", "amount": "400", "note": "=1+1"}
    as_tutor.post(f"{url}entries/", body)
    record(book(-2), "attended")
    month = f"{tutor.to_local_time(AccountEntry.objects.first().created_at):%Y-%m}"
    response = as_tutor.get(f"/api/reports/accounts.csv?month={month}")
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    rows = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(rows) == 3
    assert "Олена Коваль" in rows[1]
    assert rows[1].endswith(",UAH,400.00,'=1+1")
    assert ",UAH,-400.00," in rows[2]


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-1", "1026-11", "٢٠٢٦-11"])
def test_report_of_no_month_is_invalid(as_tutor, month):
    assert as_tutor.get(f"/api/reports/accounts.csv?month={month}").status_code == 400

"""Access to every page by role."""

from decimal import Decimal

import pytest
from django.urls import get_resolver
from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.ledger import append_entry
from apps.booking.models import BookingPage, FirstLessonRequest
from tests.builders import HOUR, make_bill, make_membership, make_series, make_user

# Status of GET for a visitor, the lesson's student, its tutor and another tutor, by URL name.
PAGES = {
    "home": ("/", (200, 302, 302, 302)),
    "language": ("/language/", (405, 405, 405, 405)),
    "school-logo": ("/school-logo/abc/", (404, 404, 404, 404)),
    "privacy": ("/privacy/", (404, 404, 404, 404)),
    "tutor-invitation-link": ("/tutor-invitation/abc/", (302, 302, 302, 302)),
    "settings": ("/settings/", (302, 200, 200, 200)),
    "feed": ("/settings/calendar/", (302, 200, 200, 200)),
    "feed-rotate": ("/settings/calendar/address/", (302, 200, 200, 200)),
    "blocked-tutors": ("/settings/blocked-tutors/", (302, 200, 403, 403)),
    "notifications": ("/settings/notifications/", (302, 200, 200, 200)),
    "telegram-link": ("/settings/notifications/telegram/", (302, 405, 405, 405)),
    "telegram-unlink": ("/settings/notifications/telegram/end/", (302, 405, 405, 405)),
    "unsubscribe": ("/unsubscribe/", (400, 400, 400, 400)),
    "unsubscribe-link": ("/unsubscribe/abc/", (302, 302, 302, 302)),
    "personal-data": ("/settings/data/", (302, 200, 200, 200)),
    "personal-data-export": ("/settings/data/export/", (302, 405, 405, 405)),
    "personal-data-erase": ("/settings/data/erase/", (302, 200, 200, 200)),
    "personal-data-keep": ("/settings/data/keep/", (302, 405, 405, 405)),
    "manifest": ("/manifest.webmanifest", (200, 200, 200, 200)),
    "service-worker": ("/service-worker.js", (200, 200, 200, 200)),
    "offline": ("/offline/", (200, 200, 200, 200)),
    "calendar": ("/calendar/", (302, 200, 200, 200)),
    "today": ("/today/", (302, 403, 200, 200)),
    "students": ("/students/", (302, 403, 200, 200)),
    "student-new": ("/students/new/", (302, 403, 200, 302)),
    "student": ("/students/{student}/", (302, 403, 200, 404)),
    "student-edit": ("/students/{student}/edit/", (302, 403, 200, 404)),
    "student-mail": ("/students/{student}/mail/", (302, 405, 405, 405)),
    "student-invitation": ("/students/invitation/", (400, 400, 400, 400)),
    "student-invitation-link": ("/students/invitation/abc/", (302, 302, 302, 302)),
    "students-export": ("/students/export/", (302, 403, 200, 200)),
    "roster": ("/students/import/", (302, 403, 200, 200)),
    "roster-preview": ("/students/import/preview/", (302, 403, 302, 302)),
    "roster-confirm": ("/students/import/confirm/", (302, 405, 405, 405)),
    "classrooms": ("/classrooms/", (302, 200, 200, 200)),
    "classroom": ("/classrooms/{classroom}/", (302, 403, 200, 403)),
    "classroom-archive": ("/classrooms/{classroom}/archive/", (302, 403, 200, 403)),
    "classroom-restore": ("/classrooms/{classroom}/restore/", (302, 405, 405, 405)),
    "classroom-code": ("/classrooms/{classroom}/code/", (302, 403, 200, 403)),
    "classroom-joining": ("/classrooms/{classroom}/joining/", (302, 405, 405, 405)),
    "classroom-qr": ("/classrooms/{classroom}/qr.svg/", (302, 403, 200, 403)),
    "member-invite": ("/classrooms/{classroom}/invite/", (302, 405, 405, 405)),
    "member": ("/memberships/{membership}/", (302, 405, 405, 405)),
    "accept": ("/memberships/{membership}/accept/", (302, 405, 405, 405)),
    "decline": ("/memberships/{membership}/decline/", (302, 200, 403, 403)),
    "leave": ("/memberships/{membership}/leave/", (302, 200, 403, 403)),
    "invitation": ("/classrooms/invitation/", (400, 400, 400, 400)),
    "invitation-link": ("/classrooms/invitation/abc/", (302, 302, 302, 302)),
    "join": ("/join/", (302, 200, 403, 403)),
    "join-code": ("/join/ABCDEFGH/", (302, 200, 403, 403)),
    "lesson-new": ("/lessons/new/", (302, 403, 200, 200)),
    "lesson": ("/lessons/{lesson}/", (302, 200, 200, 403)),
    "lesson-board": ("/lessons/{lesson}/board/", (302, 200, 200, 403)),
    "lesson-record": ("/lessons/{lesson}/record/", (302, 200, 200, 403)),
    "lesson-edit": ("/lessons/{lesson}/edit/", (302, 403, 200, 403)),
    "lesson-changes": ("/lessons/{lesson}/changes/?action=cancel&scope=this", (302, 403, 200, 403)),
    "lesson-undo": ("/lesson-changes/1/undo/", (302, 405, 405, 405)),
    "series-new": ("/series/new/", (302, 403, 302, 302)),
    "series": ("/series/{series}/", (302, 200, 200, 403)),
    "holidays": ("/settings/holidays/", (302, 403, 200, 200)),
    "holiday-delete": ("/settings/holidays/1/delete/", (302, 405, 405, 405)),
    "series-board": ("/series/{series}/board/", (302, 405, 405, 405)),
    "series-restart": ("/series/{series}/restart/", (302, 403, 302, 403)),
    "lesson-students": ("/lessons/{lesson}/students/", (302, 403, 200, 403)),
    "lesson-student": ("/lessons/{lesson}/students/{student}/", (302, 405, 405, 405)),
    "lesson-answer": ("/lessons/{lesson}/answer/", (302, 405, 405, 405)),
    "book": ("/tutors/{tutor}/book/", (302, 200, 403, 403)),
    "book-hold": ("/tutors/{tutor}/book/held/", (302, 302, 403, 403)),
    "lesson-move": ("/lessons/{lesson}/move/", (302, 302, 403, 403)),
    "lesson-hours": ("/settings/hours/", (302, 200, 403, 403)),
    "availability": ("/settings/availability/", (302, 403, 200, 200)),
    "availability-date": ("/settings/availability/dates/", (302, 405, 405, 405)),
    "availability-date-delete": ("/settings/availability/dates/delete/", (302, 405, 405, 405)),
    "external-calendars": ("/settings/external-calendars/", (302, 403, 200, 200)),
    "external-calendar-file": ("/settings/external-calendars/file/", (302, 405, 405, 405)),
    "external-calendar-delete": (
        "/settings/external-calendars/1/delete/",
        (302, 405, 405, 405),
    ),
    "lesson-cancel": ("/lessons/{lesson}/cancel/", (302, 302, 302, 403)),
    "lesson-waive": ("/lessons/{lesson}/students/{student}/waive/", (302, 405, 405, 405)),
    "cancellation-policy": ("/settings/cancellation-policy/", (302, 403, 200, 200)),
    "tutor-policy": ("/tutors/{tutor}/policy/", (302, 200, 403, 403)),
    "my-accounts": ("/balance/", (302, 302, 403, 403)),
    "my-account": ("/balance/{tutor}/", (302, 200, 403, 403)),
    "student-account": ("/students/{student}/account/", (302, 403, 200, 404)),
    "account-entry-new": ("/students/{student}/account/new/payment/", (302, 403, 200, 404)),
    "account-rate": ("/students/{student}/account/rate/", (302, 403, 200, 404)),
    "account-entry-reverse": ("/account-entries/{entry}/reverse/", (302, 403, 200, 404)),
    "pack-freeze": ("/packs/{pack}/freeze/", (302, 405, 405, 405)),
    "tutor-page": ("/t/taras/", (200, 200, 200, 200)),
    "first-lesson-ask": ("/t/taras/ask/", (302, 302, 302, 302)),
    "first-lesson-sent": ("/t/taras/sent/", (200, 200, 200, 200)),
    "booking-page": ("/settings/booking-page/", (302, 403, 200, 200)),
    "first-lesson": ("/first-lessons/{newcomer}/", (302, 403, 200, 404)),
    "lesson-outcome": ("/lessons/{lesson}/outcome/", (302, 405, 405, 405)),
    "lesson-invite": ("/lessons/{lesson}/invite/", (302, 405, 405, 405)),
    "lesson-revoke": ("/lessons/{lesson}/invites/revoke/", (302, 403, 200, 403)),
    "payments": ("/payments/", (302, 200, 200, 200)),
    "payee-details": ("/payments/details/", (302, 403, 200, 200)),
    "payers": ("/payments/payers/", (302, 403, 200, 200)),
    "payer-new": ("/payments/payers/new/", (302, 403, 200, 200)),
    "payer": ("/payments/payers/{payer}/", (302, 403, 200, 404)),
    "payer-delete": ("/payments/payers/{payer}/delete/", (302, 403, 200, 404)),
    "payment-request-new": ("/payments/requests/new/", (302, 403, 200, 302)),
    "payment-request": ("/payments/requests/{request}/", (302, 403, 200, 404)),
    "payment-settle": ("/payments/requests/{request}/settle/", (302, 405, 405, 405)),
    "payment-mail": ("/payments/requests/{request}/mail/", (302, 405, 405, 405)),
    "bank": ("/payments/bank/", (302, 403, 200, 200)),
    "bank-preview": ("/payments/bank/preview/", (302, 403, 302, 302)),
    "bank-import": ("/payments/bank/import/", (302, 405, 405, 405)),
    "bank-lines": ("/payments/bank/lines/", (302, 403, 200, 200)),
    "bank-line": ("/payments/bank/lines/1/", (302, 405, 405, 405)),
    "pay": ("/pay/{token}/", (200, 200, 200, 200)),
    "pay-card": ("/pay/{token}/card/", (405, 405, 405, 405)),
    "pay-qr": ("/pay/{token}/qr/", (200, 200, 200, 200)),
    "statements": ("/statements/", (302, 200, 200, 200)),
    "statements-close": ("/statements/close/?month=2025-10", (302, 403, 200, 200)),
    "statement-current": ("/statements/{account}/", (302, 302, 302, 404)),
    "statement": ("/statements/{account}/2025-10/", (302, 200, 200, 404)),
    "statement-csv": ("/statements/{account}/2025-10/csv/", (302, 200, 200, 404)),
    "statement-pdf": ("/statements/{account}/2025-10/pdf/", (302, 200, 200, 404)),
    "invite": ("/invite/", (400, 400, 400, 400)),
    "invite-guest": ("/invite/guest/", (405, 405, 405, 405)),
    "invite-link": ("/invite/abc/", (302, 302, 302, 302)),
}
# Status of an empty POST for a visitor, the lesson's student and another tutor.
CHANGES = {
    "/classrooms/{classroom}/archive/": (302, 403, 403),
    "/classrooms/{classroom}/code/": (302, 403, 403),
    "/classrooms/{classroom}/joining/": (302, 403, 403),
    "/classrooms/{classroom}/invite/": (302, 403, 403),
    "/memberships/{membership}/": (302, 403, 403),
    "/memberships/{membership}/decline/": (302, 403, 403),
    "/lessons/{lesson}/edit/": (302, 403, 403),
    "/lessons/{lesson}/cancel/": (302, 302, 403),
    "/lessons/{lesson}/students/{student}/waive/": (302, 403, 403),
    "/students/{student}/account/new/payment/": (302, 403, 404),
    "/students/{student}/account/rate/": (302, 403, 404),
    "/account-entries/{entry}/reverse/": (302, 403, 404),
    "/packs/{pack}/freeze/": (302, 403, 404),
    "/lessons/{lesson}/answer/": (302, 403, 403),
    "/tutors/{tutor}/book/": (302, 302, 403),
    "/tutors/{tutor}/book/held/": (302, 302, 403),
    "/first-lessons/{newcomer}/": (302, 403, 404),
    "/settings/booking-page/": (302, 403, 400),
    "/lessons/{lesson}/move/": (302, 302, 403),
    "/settings/availability/": (302, 403, 400),
    "/settings/availability/dates/": (302, 403, 400),
    "/settings/external-calendars/file/": (302, 403, 400),
    "/settings/external-calendars/1/delete/": (302, 403, 404),
    "/lessons/{lesson}/changes/": (302, 403, 403),
    "/lesson-changes/1/undo/": (302, 403, 404),
    "/series/new/": (302, 403, 302),
    "/settings/holidays/1/delete/": (302, 403, 404),
    "/series/{series}/board/": (302, 403, 403),
    "/series/{series}/restart/": (302, 403, 403),
    "/lessons/{lesson}/students/": (302, 403, 403),
    "/lessons/{lesson}/students/{student}/": (302, 403, 403),
    "/lessons/{lesson}/invite/": (302, 403, 403),
    "/lessons/{lesson}/outcome/": (302, 403, 403),
    "/lessons/{lesson}/invites/revoke/": (302, 403, 403),
    "/students/import/confirm/": (302, 403, 302),
    "/payments/payers/{payer}/": (302, 403, 404),
    "/payments/payers/{payer}/delete/": (302, 403, 404),
    "/payments/requests/{request}/settle/": (302, 403, 404),
    "/payments/requests/{request}/mail/": (302, 403, 404),
    "/payments/bank/import/": (302, 403, 302),
    "/payments/bank/lines/1/": (302, 403, 404),
    "/students/{student}/edit/": (302, 403, 404),
    "/students/{student}/mail/": (302, 403, 404),
}


@pytest.fixture
def ids(classroom, lesson, tutor, student):
    membership = classroom.memberships.get()
    bill = make_bill(tutor, student)
    account = get_account(tutor, student)
    pack = append_entry(account=account, kind="pack", unit="lesson", amount=Decimal(8))
    BookingPage.objects.create(tutor=tutor, slug="taras", is_open=True)
    later = timezone.now() + 48 * HOUR
    newcomer = FirstLessonRequest.objects.create(
        tutor=tutor, first_name="Нова", email="n@x.example", starts_at=later, ends_at=later + HOUR
    )
    return {
        "entry": pack.pk,
        "pack": pack.pack_id,
        "newcomer": newcomer.pk,
        "payer": bill.payer_id,
        "request": bill.pk,
        "token": bill.token,
        "account": bill.items.get().account_id,
        "classroom": classroom.pk,
        "tutor": tutor.pk,
        "lesson": lesson.pk,
        "series": make_series(tutor, student).pk,
        "membership": membership.pk,
        "student": membership.student_id,
    }


@pytest.fixture
def people(student, tutor, other_tutor):
    return (None, student, tutor, other_tutor)


def test_every_route_is_in_the_table():
    names = {name for name in get_resolver("apps.web.urls").reverse_dict if isinstance(name, str)}
    assert names - {"room"} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_get_by_each_role_has_its_status(name, browser, ids, people):
    url, expected = PAGES[name]
    path = url.format(**ids)
    assert tuple(browser(who).get(path).status_code for who in people) == expected


@pytest.mark.parametrize("url", CHANGES)
def test_post_by_other_roles_changes_nothing(url, browser, ids, people, classroom):
    path = url.format(**ids)
    visitor, student, _tutor, other_tutor = people
    others = (visitor, student, other_tutor)
    assert tuple(browser(who).post(path).status_code for who in others) == CHANGES[url]
    classroom.refresh_from_db()
    assert classroom.archived_at is None
    assert classroom.is_code_open
    assert classroom.memberships.get().status == "active"


def test_visitor_is_redirected_to_sign_in_and_back(browser):
    assert browser().get("/students/?q=a").url == "/accounts/login/?next=/students/%3Fq%3Da"


def test_student_cannot_accept_for_another(browser, classroom, stranger):
    other = make_user("student")
    invitation = make_membership(classroom, other, "invited")
    assert browser(stranger).post(f"/memberships/{invitation.pk}/accept/").status_code == 403


def test_url_without_trailing_slash_is_served(browser, tutor):
    assert browser(tutor).get("/students").status_code == 200


@pytest.mark.parametrize(
    ("path", "person", "words"),
    [
        ("/students/", "student", "This is for tutors only"),
        ("/memberships/{membership}/decline/", "tutor", "This is for students only"),
        ("/lessons/{lesson}/edit/", "other_tutor", "This lesson is not yours"),
        ("/lessons/{lesson}/room/", "other_tutor", "belongs to somebody else’s lesson"),
        ("/classrooms/{classroom}/", "other_tutor", "belongs to another tutor"),
        ("/memberships/{membership}/leave/", "stranger", "somebody else’s place"),
    ],
)
def test_forbidden_page_names_its_cause(path, person, words, browser, ids, request):
    user = request.getfixturevalue(person)
    page = browser(user).get(path.format(**ids)).content.decode()
    assert words in page
    assert f"signed in as {user.email}" in page

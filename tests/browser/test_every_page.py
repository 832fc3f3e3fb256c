"""Every page: no axe-core violations, no horizontal overflow, and a limit on script size."""

import re
from datetime import timedelta

import pytest
from django.urls import URLPattern, get_resolver, resolve
from django.utils import timezone

from tests.browser.axe import accessibility_violations, load_axe
from tests.server import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.any_database]
ROSTER = {
    "name": "students.csv",
    "mimeType": "text/csv",
    "buffer": "Ім’я,Пошта\nІван,ivan@school.example\nОля,не адреса\n".encode(),
}

STATEMENT = {
    "name": "statement.csv",
    "mimeType": "text/csv",
    "buffer": "Дата;Сума;Призначення\n24.11.2025;700,00;Уроки\n".encode(),
}

SENT = " with its form sent empty"
CHOSEN = " with the first time chosen"
UPLOADED = " with a file"
PAGES = {
    "visitor": [
        "/",
        "/accounts/login/",
        "/accounts/login/" + SENT,
        "/accounts/signup/",
        "/accounts/signup/" + SENT,
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-no/",
        "/accounts/password/reset/key/done/",
        "/accounts/confirm-email/",
        "/accounts/confirm-email/no/",
        "/accounts/inactive/",
        "/invite/",
        "{invite}",
        "{expired_invite}",
        "{early_invite}",
        "{student_link}",
        "/students/invitation/",
        "{unsubscribe}",
        "{pay}",
        "{unsubscribe}" + SENT,
        "/t/{slug}/",
        "/t/{slug}/" + CHOSEN,
        "/t/{slug}/ask/?starts_at={tomorrow}" + SENT,
        "/t/{slug}/sent/",
        "/offline/",
        "/nowhere/",
    ],
    "tutor": [
        "/today/",
        "/calendar/?view=week",
        "/calendar/?view=day",
        "/calendar/?view=month",
        "/calendar/?view=agenda",
        "/students/",
        "/students/?q=nobody",
        "/students/new/",
        "/students/new/" + SENT,
        "/students/{student}/",
        "/students/{student}/edit/",
        "/students/{placeholder}/",
        "/students/import/",
        "/students/import/" + SENT,
        "/students/import/" + UPLOADED,
        "/classrooms/",
        "/classrooms/" + SENT,
        "/classrooms/{classroom}/",
        "/classrooms/{classroom}/?status=paused",
        "/classrooms/{classroom}/archive/",
        "/classrooms/{classroom}/code/",
        "/lessons/new/",
        "/lessons/new/?q=nobody",
        "/lessons/new/?student={student}",
        "/lessons/{lesson}/",
        "/lessons/{lesson}/cancel/",
        "/lessons/{lesson}/edit/",
        "/lessons/{occurrence}/",
        "/lessons/{occurrence}/edit/",
        "/lessons/{occurrence}/cancel/",
        "/lessons/{occurrence}/changes/?action=cancel&scope=following",
        "/lessons/{occurrence}/students/",
        "/lessons/{occurrence}/changes/?action=add_student&scope=all&student_id={placeholder}",
        "/series/{series}/",
        "/series/{series}/restart/",
        "/series/new/?student={student}",
        "/series/new/?lesson={lesson}",
        "/series/new/?student={student}" + SENT,
        "/lessons/{lesson}/record/",
        "/lessons/{lesson}/board/",
        "/lessons/{cancelled}/",
        "/lessons/{completed}/",
        "/lessons/{lesson}/invite/",
        "/lessons/{lesson}/invites/revoke/",
        "/join/ABCDEFGH/",
        "/settings/",
        "/settings/calendar/",
        "/settings/calendar/address/",
        "/settings/notifications/",
        "/settings/data/",
        "/settings/cancellation-policy/",
        "/settings/cancellation-policy/" + SENT,  # adds a version
        "/students/{student}/account/",
        "/students/{placeholder}/account/",
        "/students/{student}/account/new/payment/",
        "/students/{student}/account/new/payment/" + SENT,
        "/students/{student}/account/new/pack/",
        "/students/{student}/account/new/adjustment/",
        "/students/{student}/account/rate/",
        "/account-entries/{entry}/reverse/",
        "/settings/data/erase/",
        "/settings/data/erase/" + SENT,
        "/settings/holidays/",
        "/settings/holidays/" + SENT,  # adds the first suggestion
        "/settings/availability/",
        "/settings/availability/" + SENT,
        "/settings/external-calendars/",
        "/settings/external-calendars/" + SENT,
        "/settings/booking-page/",
        "/settings/booking-page/" + SENT,
        "/first-lessons/{newcomer}/",
        "/payments/",
        "/payments/details/",
        "/payments/details/" + SENT,
        "/payments/payers/",
        "/payments/payers/new/",
        "/payments/payers/new/" + SENT,
        "/payments/payers/{payer}/",
        "/payments/payers/{payer}/delete/",
        "/payments/requests/new/",
        "/payments/requests/new/?student={student}",
        "/payments/requests/new/?student={placeholder}" + SENT,
        "/payments/requests/{request}/",
        "/payments/bank/",
        "/payments/bank/" + SENT,
        "/payments/bank/" + UPLOADED,
        "/payments/bank/lines/",
        "/payments/bank/lines/?show=entered",
        "/statements/",
        "/statements/close/?month=2025-10",
        "/statements/{account}/",
        "/statements/{account}/2025-10/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/reauthenticate/",
        "/accounts/sessions/",
        "/accounts/logout/",
    ],
    "new tutor": [
        *(
            "/today/",
            "/calendar/",
            "/students/",
            "/classrooms/",
            "/lessons/new/",
            "/payments/",
            "/statements/",
        ),
        *("/payments/payers/", "/payments/bank/lines/", "/payments/bank/lines/?show=entered"),
    ],
    "student": [
        "/calendar/?view=agenda",
        "/classrooms/",
        "/join/",
        "/join/ABCDEFGH/",
        "/lessons/{lesson}/",
        "/lessons/{later}/",
        "/lessons/{later}/cancel/",
        "/tutors/{tutor}/policy/",
        "/balance/",
        "/balance/{tutor}/",
        "/series/{series}/",
        "/lessons/{lesson}/record/",
        "/memberships/{membership}/leave/",
        "/tutors/{tutor}/book/",
        "/tutors/{tutor}/book/?from=2100-01-01",
        "/lessons/{later}/move/",
        "/tutors/{tutor}/book/" + CHOSEN,
        "/settings/hours/",
        "/settings/hours/" + SENT,
        "/settings/blocked-tutors/",
        "/payments/",
        "/statements/",
        "/statements/{account}/",
        "/students/",
    ],
    "new student": [
        "/calendar/",
        "/balance/",
        "/payments/",
        "/statements/",
        "/classrooms/",
        "/classrooms/" + SENT,
    ],
    "invited student": ["/classrooms/", "/memberships/{invitation}/decline/"],
}
# Routes without a page of their own, and pages that need a state made by another test.
OTHER_ROUTES = {
    "POST alone": [
        *("language", "student-mail", "roster-confirm", "classroom-restore", "classroom-joining"),
        *("member-invite", "member", "accept", "lesson-outcome", "invite-guest", "lesson-undo"),
        *("series-board", "lesson-student", "holiday-delete", "lesson-answer"),
        *("availability-date", "availability-date-delete", "personal-data-keep"),
        *("external-calendar-file", "external-calendar-delete"),
        *("lesson-waive", "pack-freeze"),
        *("telegram-link", "telegram-unlink"),
        *("payment-settle", "payment-mail", "bank-import", "bank-line"),
        *("pay-card", "lesson-answer"),
    ],
    "a file": [
        *("manifest", "service-worker", "feed-file", "school-logo"),
        *("students-export", "classroom-qr", "pay-qr", "statement-csv", "statement-pdf"),
        "personal-data-export",
        "mfa_download_recovery_codes",
    ],
    "a redirect": ["tutor-invitation-link", "student-invitation-link", "invitation-link"],
    "seen by its redirect": ["roster-preview", "bank-preview", "invite-link", "unsubscribe-link"],
    "seen under another name": ["account_set_password", "mfa_reauthenticate"],
    "the room, in test_room_accessibility.py": ["room"],
    "only in a step of signing in or with a second factor": [
        *("account_confirm_login_code", "mfa_authenticate", "mfa_view_recovery_codes"),
    ],
    "replaced by a page of ours": [
        *("account_email", "account_confirm_email", "mfa_deactivate_totp"),
    ],
    "an installation's own text": ["privacy"],
    "a classroom's invitation by mail": ["invitation"],
    "opened by the link of a mail": ["unsubscribe"],
    "opened by choosing a time": ["book-hold"],
    "seen by the link of a request": ["pay"],
}


def route_names(patterns):
    """The names of the routes of pages: the API has none, and the admin is Django's."""
    for pattern in patterns:
        if str(pattern.pattern).startswith(("api/", "_allauth/", "admin/", "healthz", "readyz")):
            continue
        if isinstance(pattern, URLPattern):
            yield pattern.name
        else:
            yield from route_names(pattern.url_patterns)


def test_every_route_has_a_page_in_the_table_or_a_reason():
    paths = [
        path
        for paths in PAGES.values()
        for path in paths
        if path[0] == "/" and "nowhere" not in path
    ]
    shown = {
        resolve(re.sub(r"{\w+}", "1", path).partition("?")[0].partition(" ")[0]).url_name
        for path in paths
    }
    others = {name for names in OTHER_ROUTES.values() for name in names}
    names = {name for name in route_names(get_resolver().url_patterns) if name}
    assert names - others == shown & names
    assert others <= names


@pytest.fixture(scope="module", params=["en", "uk"])
def school(request, scene):
    """Create the users of PAGES and the objects named in its paths."""
    locale = request.param

    def person(role, **fields):
        return scene.person(role=role, locale=locale, **fields)

    tutor = person("tutor", first_name="Тарас", last_name="Вчитель")
    student = person("student", last_name="Коваль", timezone="America/Toronto")
    invited = person("student")
    scene.policy(tutor=tutor["id"], free_late_cancellations=1, no_fault_reasons=["illness"])
    room = scene.classroom(tutor=tutor["id"], students=[student["id"]], name="Алгебра")
    invitation = scene.invitation(classroom_id=room["id"], student=invited["id"])

    added = scene.placeholder(
        classroom_id=room["id"],
        email="sofia@home.example",
        phone="+380 67 123 45 67",
        guardian_name="Оксана Бондар",
        level="9 клас",
        note="Готується до ЗНО.\n\nЛюбить геометрію.",
    )

    def lesson(status="scheduled", **delta):
        start = timezone.now().replace(microsecond=0) + timedelta(**delta)
        people = {"tutor": tutor["id"], "student": student["id"]}
        title = "Похідна складеної функції"
        return scene.lesson(**people, starts_at=start.isoformat(), title=title, status=status)["id"]

    now, later, cancelled = lesson(minutes=5), lesson(hours=5), lesson(hours=9)
    scene.cancel(lesson_id=cancelled)
    completed = lesson("completed", days=-10)
    offer = scene.availability(tutor=tutor["id"], lesson_minutes=[60, 90], minimum_notice_minutes=0)
    bill = scene.bill(tutor=tutor["id"], student=student["id"])
    scene.pack(tutor=tutor["id"], student=student["id"])
    weekly = scene.series(tutor=tutor["id"], students=[student["id"]])
    people = {
        "visitor": None,
        "tutor": tutor,
        "new tutor": person("tutor"),
        "student": student,
        "new student": person("student"),
        "invited student": invited,
    }
    named = {
        **offer,
        "tomorrow": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%MZ}",
        "tutor": tutor["id"],
        "later": later,
        "classroom": room["id"],
        "invitation": invitation["id"],
        "membership": invitation["id"] - 1,
        "student": student["id"],
        "placeholder": added["id"],
        "student_link": added["path"],
        "unsubscribe": scene.unsubscribe_link(user=student["id"])["path"],
        "request": bill["id"],
        "pay": bill["path"],
        "payer": bill["payer"],
        "account": bill["account"],
        "entry": bill["entry"],
        "lesson": now,
        "cancelled": cancelled,
        "series": weekly["id"],
        "occurrence": weekly["lessons"][0],
        "completed": completed,
        "invite": scene.invite(lesson_id=now)["path"],
        "expired_invite": scene.invite(lesson_id=now, made=7200)["path"],
        "early_invite": scene.invite(lesson_id=later)["path"],
    }
    return locale, people, named


@pytest.fixture
def look(visit, school):
    """Open a browser with axe-core loaded, signed in as one of the users of PAGES."""
    locale, people, named = school

    def at(who):
        v = visit(people[who], locale=locale, reduced_motion="reduce")
        load_axe(v.page.context)
        return v, named

    return at


def open_page(page, path):
    address = path.removesuffix(SENT).removesuffix(UPLOADED).removesuffix(CHOSEN)
    page.goto(address)
    if address.startswith("/calendar/"):
        page.locator("#calendar .kr-view").wait_for()
    if path.endswith(UPLOADED):
        is_roster = address.startswith("/students/")
        page.locator("input[type=file]").set_input_files(ROSTER if is_roster else STATEMENT)
        if is_roster:
            page.locator("[name=name]").fill("7-А")
        with page.expect_navigation():
            page.locator("main form button[type=submit]").click()
    elif path.endswith(CHOSEN):
        page.locator(".times .btn").first.click()
        page.wait_for_url(re.compile("/held/|/ask/"))
    elif path.endswith(SENT):
        with page.expect_navigation():
            page.evaluate("document.querySelector('main form[method=post]').submit()")


@pytest.mark.parametrize("who", PAGES)
def test_page_has_no_accessibility_violations(look, who):
    """axe-core checks WCAG 2.1 A and AA, with all dialogs closed."""
    v, named = look(who)
    found = []
    for path in PAGES[who]:
        open_page(v.page, path.format(**named))
        found += [f"{path} {barrier}" for barrier in accessibility_violations(v.page)]
    assert not found, "\n".join(found)


# Opened by a link with `data-dialog`, on the page of its template.
PAGE_DIALOGS = {
    "feed-rotate-dialog": "/settings/calendar/",
    "payer-delete-dialog": "/payments/payers/{payer}/",
    "cancel-dialog": "/lessons/{lesson}/",
    "revoke-dialog": "/lessons/{lesson}/",
    "rotate-dialog": "/classrooms/{classroom}/",
    "archive-dialog": "/classrooms/{classroom}/",
}
# Opened by buttons one after another, starting at an event of the calendar; by its source file.
CALENDAR_DIALOGS = {
    "lesson-card": (),
    "reschedule": ("Reschedule",),
    "cancel": ("Cancel lesson",),
    "create": None,
}
AFTER_A_DRAG = {"scope"}  # in test_series.py


def test_every_dialog_is_in_a_table():
    templates = (file.read_text() for file in ROOT.glob("apps/web/*/templates/**/*.html"))
    named = {name for text in templates for name in re.findall(r'data-dialog="([\w-]+)"', text)}
    assert named == set(PAGE_DIALOGS)
    files = (ROOT / "frontend/src/calendar/dialogs").glob("*.ts")
    found = {file.stem for file in files if " openDialog(" in file.read_text()} - {"dialog"}
    assert found - AFTER_A_DRAG == set(CALENDAR_DIALOGS)
    assert found >= AFTER_A_DRAG


def test_dialogs_of_pages_have_no_accessibility_violations(look):
    v, named = look("tutor")
    page, found = v.page, []
    for name, path in PAGE_DIALOGS.items():
        page.goto(path.format(**named))
        for summary in page.locator("details.card summary").all():
            summary.click()
        page.locator(f"[data-dialog={name}]").click()
        found += accessibility_violations(page)
        page.locator("dialog[open] [data-close]").click()
    for menu in (".site-header .menu summary", ".members .menu summary"):
        page.locator(menu).first.click()
        found += accessibility_violations(page)
        page.keyboard.press("Escape")
    assert not found, "\n".join(found)


def test_dialogs_of_the_calendar_have_no_accessibility_violations(look):
    v, _ = look("tutor")
    page, found = v.page, []
    for name, buttons in CALENDAR_DIALOGS.items():
        open_page(page, "/calendar/?view=agenda")
        if buttons is None:
            v.press("New lesson")
        else:
            page.locator("#calendar .kr-event").first.click()
            for button in buttons:
                v.press(button, within=page.locator("dialog[open]"))
        page.locator("dialog[open]").wait_for()
        found += [f"{name}: {barrier}" for barrier in accessibility_violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("path", "limit"), [("/calendar/", 150_000), ("/students/", 20_000)])
def test_scripts_stay_within_the_size_limit(visit, scene, path, limit):
    v = visit(scene.person(role="tutor"))
    weights = []

    def weigh(request):
        if request.resource_type == "script":
            weights.append(request.sizes()["responseBodySize"])

    v.page.on("requestfinished", weigh)
    v.page.goto(path)
    v.page.wait_for_load_state("networkidle")
    assert weights
    assert sum(weights) < limit

"""Every page: no axe-core violations, no horizontal overflow, and a limit on script size."""

from datetime import timedelta

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.utils import timezone

from tests.browser.conftest import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

SENT = " with its form sent empty"
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
        "/nowhere/",
    ],
    "tutor": [
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
        "/classrooms/",
        "/classrooms/" + SENT,
        "/classrooms/{classroom}/",
        "/classrooms/{classroom}/?status=paused",
        "/classrooms/{classroom}/archive/",
        "/lessons/new/",
        "/lessons/new/?q=nobody",
        "/lessons/new/?student={student}",
        "/lessons/{lesson}/",
        "/lessons/{lesson}/cancel/",
        "/lessons/{lesson}/edit/",
        "/lessons/{lesson}/record/",
        "/lessons/{lesson}/board/",
        "/lessons/{cancelled}/",
        "/lessons/{completed}/",
        "/lessons/{lesson}/invite/",
        "/join/ABCDEFGH/",
        "/settings/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/sessions/",
        "/accounts/logout/",
    ],
    "new tutor": ["/calendar/", "/students/", "/classrooms/", "/lessons/new/"],
    "student": [
        "/calendar/?view=agenda",
        "/classrooms/",
        "/join/ABCDEFGH/",
        "/lessons/{lesson}/",
        "/lessons/{lesson}/record/",
        "/students/",
    ],
    "new student": ["/calendar/", "/classrooms/", "/classrooms/" + SENT],
    "invited student": ["/classrooms/"],
}


@pytest.fixture(scope="module", params=["en", "uk"])
def school(request, scene):
    """Create the users of PAGES and the objects named in its paths."""
    locale = request.param

    def person(role, **fields):
        return scene.person(role=role, locale=locale, **fields)

    tutor = person("tutor", first_name="Тарас", last_name="Вчитель")
    student = person("student", last_name="Коваль", timezone="America/Toronto")
    invited = person("student")
    room = scene.classroom(tutor=tutor["id"], students=[student["id"]], name="Алгебра")
    scene.invitation(classroom_id=room["id"], student=invited["id"])

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
    people = {
        "visitor": None,
        "tutor": tutor,
        "new tutor": person("tutor"),
        "student": student,
        "new student": person("student"),
        "invited student": invited,
    }
    named = {
        "classroom": room["id"],
        "student": student["id"],
        "placeholder": added["id"],
        "student_link": added["path"],
        "lesson": now,
        "cancelled": cancelled,
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
        v.page.add_init_script(AXE_SCRIPT)
        return v, named

    return at


def accessibility_violations(page):
    """Return the violations at both widths in both themes; the dark theme differs only in colours,
    so only contrast is checked there."""
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=theme)
            found += [f"{size}, {theme}: {text}" for text in page.evaluate(AXE, rules)]
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"{size}: {needed} px wide")
    page.emulate_media(color_scheme="light")
    return found


AXE = """rules => axe.run({...rules, resultTypes: ["violations"]}).then(({violations}) =>
    violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 150)}`)))"""


def open_page(page, path):
    address, sent, _ = path.partition(SENT)
    page.goto(address)
    if address.startswith("/calendar/"):
        page.locator("#calendar .kr-view").wait_for()
    if sent:
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


def test_dialogs_and_menus_have_no_accessibility_violations(look):
    v, named = look("tutor")
    page, found = v.page, []
    page.goto(f"/lessons/{named['lesson']}/")
    for name in ("cancel", "revoke"):
        page.locator(f"[data-dialog={name}-dialog]").click()
        found += accessibility_violations(page)
        page.locator("dialog[open] [data-close]").click()
    page.goto(f"/classrooms/{named['classroom']}/")
    for menu in (".site-header .menu summary", ".members .menu summary"):
        page.locator(menu).first.click()
        found += accessibility_violations(page)
        page.keyboard.press("Escape")
    page.goto("/calendar/?view=agenda")
    for action in (v.text_pattern("Reschedule"), v.text_pattern("Cancel lesson")):
        page.locator("#calendar .kr-event").first.click()
        found += accessibility_violations(page)
        page.locator("dialog[open]").get_by_role("button", name=action).click()
        found += accessibility_violations(page)
        page.keyboard.press("Escape")
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

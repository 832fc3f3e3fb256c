"""What holds on every page: no barrier that axe-core can find, no width beyond the screen, and
little script."""

from datetime import timedelta

import pytest
from axe_core_python.sync_playwright import Axe
from django.utils import timezone

from tests.browser.conftest import SIZES

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

VISITOR = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere/"]
TUTOR = [
    "/calendar/",
    "/students/",
    "/students/?q=nobody",
    "/students/import/",
    "/classrooms/",
    "/classrooms/{classroom}/",
    "/lessons/new/",
    "/lessons/new/?student={student}",
    "/lessons/{lesson}/",
    "/lessons/{lesson}/edit/",
    "/lessons/{lesson}/record/",
    "/settings/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/sessions/",
]
STUDENT = ["/calendar/", "/classrooms/", "/join/ABCDEFGH/", "/lessons/{lesson}/"]


@pytest.fixture(scope="module")
def cast(scene):
    people = {}
    for locale in ("en", "uk"):
        tutor = scene.person(role="tutor", first_name="Тарас", last_name="Вчитель", locale=locale)
        student = scene.person(
            role="student", last_name="Коваль", locale=locale, timezone="America/Toronto"
        )
        other = scene.person(role="student", locale=locale)
        room = scene.classroom(tutor=tutor["id"], students=[student["id"]], name="Алгебра")
        scene.invitation(classroom_id=room["id"], student=other["id"])
        start = timezone.now().replace(microsecond=0) + timedelta(minutes=5)
        lesson = scene.lesson(
            tutor=tutor["id"],
            student=student["id"],
            starts_at=start.isoformat(),
            title="Похідна складеної функції",
        )
        ids = {"classroom": room["id"], "lesson": lesson["id"], "student": student["id"]}
        people[locale] = (tutor, student, ids)
    return people


def check(visitor, size, paths):
    """Each page with its dialogs closed. axe-core looks for what WCAG 2.1 A and AA ask."""
    found = []
    for path in paths:
        visitor.page.goto(path)
        if path == "/calendar/":
            visitor.page.locator("#calendar .kr-view").wait_for()
        result = Axe().run(visitor.page)
        found += [
            f"{path}: {v['id']}: {n['html'][:120]}"
            for v in result["violations"]
            for n in v["nodes"]
        ]
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        if width > SIZES[size][0]:
            found.append(f"{path}: {width} px wide")
    assert found == []


@pytest.mark.parametrize(
    ("size", "locale", "theme"),
    [("laptop", "en", "light"), ("phone", "uk", "dark"), ("phone", "en", "light")],
)
class TestNoBarrier:
    def test_for_a_visitor(self, visit, scene, cast, size, locale, theme):
        v = visit(None, size, locale, color_scheme=theme)
        lesson = cast[locale][2]["lesson"]
        invites = [
            scene.invite(lesson_id=lesson)["path"],
            scene.invite(lesson_id=lesson, made=7200)["path"],
        ]
        check(v, size, VISITOR + invites)

    def test_for_a_tutor(self, visit, cast, size, locale, theme):
        tutor, _student, ids = cast[locale]
        v = visit(tutor, size, locale, color_scheme=theme)
        check(v, size, [path.format(**ids) for path in TUTOR])

    def test_for_a_student(self, visit, cast, size, locale, theme):
        _tutor, student, ids = cast[locale]
        v = visit(student, size, locale, color_scheme=theme)
        check(v, size, [path.format(**ids) for path in STUDENT])


def test_dialogs_have_no_barrier(visit, cast):
    tutor, _student, ids = cast["en"]
    v = visit(tutor)
    v.page.goto(f"/lessons/{ids['lesson']}/")
    for name in ("Cancel lesson", "Revoke all links"):
        v.press(name, "link")
        assert Axe().run(v.page)["violations"] == []
        v.page.locator("dialog[open] [data-close]").click()


@pytest.mark.parametrize(("path", "limit"), [("/calendar/", 150_000), ("/students/", 20_000)])
def test_scripts_weigh_little(visit, cast, path, limit):
    tutor, _student, _ids = cast["en"]
    v = visit(tutor)
    weights = []

    def weigh(request):
        if request.resource_type == "script":
            weights.append(request.sizes()["responseBodySize"])

    v.page.on("requestfinished", weigh)
    v.page.goto(path)
    v.page.wait_for_load_state("networkidle")
    assert weights
    assert sum(weights) < limit

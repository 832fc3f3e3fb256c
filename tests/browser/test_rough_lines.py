"""Double clicks, slow and lost connections: no form is submitted twice, and errors are shown."""

import re

import pytest

from tests.browser.conftest import BOTH, launch

pytestmark = [pytest.mark.browser, pytest.mark.any_database]

ROSTER = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"email\nivan@school.example\n"}


@pytest.fixture
def school(scene):
    def make(locale="en"):
        tutor = scene.person(role="tutor", locale=locale)
        student = scene.person(role="student", first_name="Olena", last_name="Koval")
        room = scene.classroom(tutor=tutor["id"], students=[student["id"]])
        return tutor, student, room

    return make


def throttle_network(visitor, latency=300, kib=200):
    """Limit the bandwidth in both directions; `latency` is in milliseconds."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    speed = {"downloadThroughput": kib * 1024, "uploadThroughput": kib * 1024}
    conditions = {"offline": False, "latency": latency, **speed}
    session.send("Network.emulateNetworkConditions", conditions)


def record_posts(visitor):
    """Return a list to which the URL of each later POST is added."""
    posts = []

    def note(request):
        if request.method == "POST":
            posts.append(request.url)

    visitor.page.on("request", note)
    return posts


def fill_lesson_form(visitor, student, time, title):
    visitor.page.goto(f"/lessons/new/?student={student['id']}")
    visitor.page.locator("input[name=date]").fill("2027-03-01")
    visitor.page.locator("input[name=time]").fill(time)
    visitor.page.locator("input[name=title]").fill(title)
    return visitor.page.locator("main form .primary")


@BOTH
def test_double_click_submits_each_form_once(visit, school, size, locale):
    tutor, student, room = school(locale)
    v = visit(tutor, size, locale)
    throttle_network(v)
    posts = record_posts(v)
    fill_lesson_form(v, student, "09:00", "Once").dblclick()
    v.page.locator(".when").wait_for()
    v.page.locator("#invite form .btn").dblclick()
    v.page.locator("#invite-url").wait_for()
    v.page.goto(f"/classrooms/{room['id']}/")
    v.page.locator("input[name=email]").fill("ivan@school.example")
    v.page.locator("form[action$='/invite/'] .btn.primary").dblclick()
    v.page.locator(".badge.invited").wait_for()
    v.page.goto("/classrooms/")
    v.page.locator("main form input[name=name]").fill("Once")
    v.page.locator("main form .primary").dblclick()
    v.page.locator("#code").wait_for()
    v.page.goto("/students/import/")
    v.page.locator("input[type=file]").set_input_files(ROSTER)
    v.page.locator("input[name=name]").fill("Once more")
    v.page.locator("main form .primary").dblclick()
    v.page.wait_for_url("**/preview/")
    v.page.locator("main form .primary").dblclick()
    v.page.locator("#code").wait_for()
    assert len(posts) == len(set(posts)) == 6


def test_double_click_without_javascript_schedules_one_lesson(visit, school):
    tutor, student, _room = school()
    v = visit(tutor, java_script_enabled=False)
    throttle_network(v)
    fill_lesson_form(v, student, "09:00", "Once").dblclick()
    v.page.locator(".when").wait_for()
    v.page.goto("/students/")
    assert (
        v.page.locator("#list a[href^='/lessons/']").count() == 2
    )  # the next lesson, and “Schedule”


@BOTH
def test_going_back_or_reloading_does_not_resubmit_a_form(visit, school, size, locale):
    tutor, student, _room = school(locale)
    v = visit(tutor, size, locale)
    fill_lesson_form(v, student, "09:00", "First").click()
    v.page.locator(".when").wait_for()
    first = v.page.url
    posts = record_posts(v)
    v.page.reload()
    assert (v.page.url, posts) == (first, [])
    v.page.go_back()
    v.page.locator("main form .primary").click()
    # A restored form leads to the lesson it made; a reloaded form is a new request and conflicts.
    v.page.locator(".when, .notice.error").first.wait_for()
    if v.page.url == first:
        v.page.go_back()
    v.page.locator("input[name=time]").fill("11:00")
    v.page.locator("main form .primary").click()
    v.page.locator(".when").wait_for()
    answer = v.page.request.get("/api/lessons?from=2027-03-01&to=2027-03-02")
    assert len(answer.json()["results"]) == 2


@BOTH
def test_confirmed_roster_is_not_imported_twice(visit, school, size, locale):
    tutor, _student, _room = school(locale)
    v = visit(tutor, size, locale)
    v.page.goto("/students/import/")
    v.page.locator("input[type=file]").set_input_files(ROSTER)
    v.page.locator("input[name=name]").fill("Geometry")
    v.page.locator("main form .primary").click()
    v.page.wait_for_url("**/preview/")
    posts = record_posts(v)
    v.page.reload()
    v.page.locator("main form .primary").click()
    v.page.locator("#code").wait_for()
    assert len(posts) == 1
    v.page.go_back()
    if v.page.url.endswith("/preview/"):  # restored from the back/forward cache
        v.page.locator("main form .primary").click()
        v.wait_for_text("This preview has expired. Choose the file again.")
    v.page.goto("/classrooms/")
    assert v.page.get_by_role("heading", name="Geometry").count() == 1


@BOTH
def test_offline_search_shows_an_error_and_can_be_retried(visit, school, size, locale):
    tutor, _student, _room = school(locale)
    v = visit(tutor, size, locale)
    v.page.goto("/students/")
    v.page.context.set_offline(True)
    v.page.locator("#q").fill("nobody")
    v.page.locator(
        ".notice.error", has_text=v.text_pattern("No connection to the server.")
    ).wait_for()
    v.page.context.set_offline(False)
    v.press("Try again")
    v.wait_for_text("No students found")
    assert v.page.locator(".notice.error").count() == 0
    assert v.problems.pop().endswith("net::ERR_INTERNET_DISCONNECTED")


@BOTH
def test_calendar_that_failed_to_load_can_be_retried(visit, scene, school, size, locale):
    tutor, student, _room = school(locale)
    people = {"tutor": tutor["id"], "student": student["id"]}
    scene.lesson(**people, starts_at="2027-01-04T08:00:00+00:00", title="Sets")
    v = visit(tutor, size, locale)
    answers = [{"status": 500, "body": "<h1>Broken</h1>"}, None]

    def answer(route):
        broken = answers.pop(0)
        route.fulfill(**broken) if broken else route.abort()

    v.page.route(re.compile(r"/api/lessons\?"), answer, times=2)
    v.page.goto("/calendar/?view=agenda&date=2027-01-04")
    for sentence in ("Something went wrong on the server.", "No connection to the server."):
        v.page.locator(
            ".kr-notices .error", has_text=v.text_pattern("The lessons could not be loaded.")
        ).wait_for()
        v.page.locator(
            ".kr-notices .error", has_text=re.compile(v.text_pattern(sentence).pattern[1:])
        ).wait_for()
        v.press("Try again")
    v.page.locator("#calendar .kr-event", has_text="Sets").wait_for()
    assert len(v.problems) == 2
    v.problems.clear()


@BOTH
def test_calendar_shows_a_loading_notice_on_a_slow_connection(visit, school, size, locale):
    tutor, _student, _room = school(locale)
    v = visit(tutor, size, locale)
    throttle_network(v, latency=500, kib=40)
    v.page.goto("/calendar/", wait_until="commit")
    v.wait_for_text("The calendar is loading… Upcoming lessons are also in the list below.")
    v.page.locator("#calendar .kr-view").wait_for(timeout=30_000)
    assert v.page.locator(".loading").count() == 0


@BOTH
def test_get_of_a_post_only_page_offers_a_way_back(visit, scene, school, size, locale):
    tutor, student, _room = school(locale)
    lesson = scene.lesson(
        tutor=tutor["id"], student=student["id"], starts_at="2027-01-04T08:00:00+00:00"
    )
    v = visit(tutor, size, locale)
    v.page.goto(f"/lessons/{lesson['id']}/invite/")
    v.wait_for_text("Nothing was sent")
    assert v.page.locator("main .btn").count() == 1


def test_going_back_after_signing_out_shows_the_sign_in_page(playwright, site, school):
    tutor, _student, _room = school()
    # Playwright disables the back/forward cache by default; users' browsers have it.
    with launch(playwright, ignore_default_args=["--disable-back-forward-cache"]) as browser:
        page = browser.new_page(base_url=site.url)
        cookie = {"name": "sessionid", "value": tutor["session"], "url": site.url}
        page.context.add_cookies([cookie])
        page.goto("/students/")
        page.goto("/classrooms/")
        page.go_back(wait_until="commit")
        page.get_by_role("heading", name="Olena Koval").wait_for()
        page.locator("details.menu summary").first.click()
        page.locator(".site-header form button").click()
        page.wait_for_url(f"{site.url}/")
        page.go_back(wait_until="commit")
        page.wait_for_url("**/accounts/login/?next=/students/")

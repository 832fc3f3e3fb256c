"""Creates a tutor, a student and a lesson on a running server through its API."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "chalk-and-sponge"


@dataclass
class Person:
    name: str
    token: str
    cookies: list[dict]


@dataclass
class School:
    url: str
    tutor: Person
    student: Person
    lesson_id: int
    session_uuid: str

    @property
    def room(self) -> str:
        return f"{self.url}/lessons/{self.lesson_id}/room/"

    def invite(self) -> str:
        return self.request("POST", f"/api/lessons/{self.lesson_id}/invite/", {})["invite_url"]

    def request(self, method: str, path: str, body: dict | None = None, who: Person | None = None):
        return _request(self.url, method, path, body, (who or self.tutor).token)


def _request(url: str, method: str, path: str, body: dict | None, token: str):
    answer = httpx.request(
        method, url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def _sign_in(url: str, email: str) -> list[dict]:
    """Sign in through the form and return the cookies of the session."""
    with httpx.Client(base_url=url, timeout=30) as client:
        form = client.get("/accounts/login/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form).group(1)
        fields = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = client.post("/accounts/login/", data=fields, headers={"Referer": url})
        assert answer.status_code == 302, answer.text[:2000]
        return [{"name": n, "value": v, "url": url} for n, v in client.cookies.items()]


def _create_person(url: str, role: str, first: str, last: str) -> tuple[Person, str]:
    email = f"{role}-{uuid4().hex[:8]}@school.example"
    answer = httpx.post(
        f"{url}/_allauth/app/v1/auth/signup",
        json={
            "email": email,
            "password": PASSWORD,
            "first_name": first,
            "last_name": last,
            "role": role,
        },
        timeout=30,
    )
    assert answer.is_success, answer.text
    token = answer.json()["meta"]["access_token"]
    return Person(f"{first} {last}", token, _sign_in(url, email)), email


def make_school(url: str, title: str = "Дроби") -> School:
    tutor, _ = _create_person(url, "tutor", "Тарас", "Вчитель")
    student, _email = _create_person(url, "student", "Олена", "Коваль")
    code = _request(url, "POST", "/api/classrooms/", {"name": "7-А"}, tutor.token)["join_code"]
    joined = _request(url, "POST", "/api/classrooms/join/", {"join_code": code}, student.token)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    lesson = _request(
        url,
        "POST",
        "/api/lessons/",
        {
            "student_id": joined["student"]["id"],
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(hours=1)).isoformat(),
            "title": title,
        },
        tutor.token,
    )
    return School(url, tutor, student, lesson["id"], lesson["session_uuid"])


def open_as(browser: Browser, person: Person | None, **options) -> BrowserContext:
    context = browser.new_context(**{"locale": "en-GB", "service_workers": "block", **options})
    if person is not None:
        context.add_cookies(person.cookies)
    return context


def enter(context: BrowserContext, address: str, name: str = "") -> Page:
    """Pass the device check; return a page that shows the board or the lobby."""
    page = context.new_page()
    page.goto(address)
    if name:
        page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name=re.compile("^Enter ")).click(timeout=15000)
    return page

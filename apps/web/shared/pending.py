"""Invitations to a classroom or lesson that a visitor opened before signing in.

The session remembers it, so that neither the header's links nor an e-mail to confirm forget it.
"""

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse

from apps.accounts import placeholders
from apps.classrooms import invitations
from apps.classrooms.queries import find_classroom_by_code
from apps.common.errors import DomainError
from apps.common.pasted import clean_code
from apps.common.rate_limits import check_rate_limit
from apps.common.session_tokens import kept_token
from apps.lessons import invites

_CODE_KEY = "join_code"


class Pending(NamedTuple):
    path: str
    """The page to continue on."""
    tutor: str
    classroom: str
    """Empty for a lesson."""
    as_student: bool
    """False for a lesson's link, which anybody may use."""


def remember_code(request: HttpRequest, code: str) -> None:
    request.session[_CODE_KEY] = code


def is_remembered(request: HttpRequest, code: str) -> bool:
    """True for a code that was right when this visitor opened its link: it is no guess."""
    return bool(code) and request.session.get(_CODE_KEY) == clean_code(code)


def forget_code(request: HttpRequest) -> None:
    request.session.pop(_CODE_KEY, None)


def find_pending(request: HttpRequest) -> Pending | None:
    """Of the page to continue on (`next`), or else of what the session remembers."""
    given = _next_page(request)
    try:
        if given and get_adapter().is_safe_url(given):
            return _of_path(request, urlsplit(given).path)
        path = _remembered_path(request)
        return _of_path(request, path) if path else None
    except DomainError:
        return None


def sign_in_query(request: HttpRequest) -> str:
    """The query of a link to sign in or up that continues where this page would have led."""
    given = _next_page(request)
    if not given and _invited_page(request.path):
        given = request.path
    given = given or _remembered_path(request)
    return f"?{urlencode({'next': given})}" if given and get_adapter().is_safe_url(given) else ""


def _next_page(request: HttpRequest) -> str:
    """`next` of a form or the query; "" if they cannot be read, as on the page that says so."""
    try:
        return request.POST.get("next") or request.GET.get("next") or ""
    except (SuspiciousOperation, BadRequest):
        return ""


def _remembered_path(request: HttpRequest) -> str:
    if code := request.session.get(_CODE_KEY):
        return reverse("web:join-code", args=[code])
    if kept_token(request.session, invitations.PURPOSE):
        return reverse("web:invitation")
    if kept_token(request.session, placeholders.PURPOSE):
        return reverse("web:student-invitation")
    return ""


def _invited_page(path: str) -> str:
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    return match.url_name if match.url_name in _READERS and match.namespace == "web" else ""


def _of_path(request: HttpRequest, path: str) -> Pending | None:
    name = _invited_page(path)
    if not name:
        return None
    if name != "join-code":
        check_rate_limit(request, "invite")
    return _READERS[name](request, path)


def _of_code(request: HttpRequest, path: str) -> Pending | None:
    code = resolve(path).kwargs["code"]
    if not is_remembered(request, code):
        check_rate_limit(request, "join")
    classroom = find_classroom_by_code(code)
    if classroom is None:
        return None
    return Pending(path, classroom.tutor.get_full_name(), classroom.name, True)


def _of_invitation(request: HttpRequest, path: str) -> Pending:
    token = kept_token(request.session, invitations.PURPOSE)
    classroom = invitations.read_invitation(token).classroom
    return Pending(path, classroom.tutor.get_full_name(), classroom.name, True)


def _of_student_link(request: HttpRequest, path: str) -> Pending | None:
    student = placeholders.read_student_link(kept_token(request.session, placeholders.PURPOSE))
    tutor = student.placeholder_of
    return Pending(path, tutor.get_full_name(), "", True) if tutor else None


def _of_lesson(request: HttpRequest, path: str) -> Pending:
    lesson = invites.read_invite(kept_token(request.session, invites.PURPOSE)).lesson
    return Pending(path, lesson.tutor.get_full_name(), "", False)


_READERS = {
    "join-code": _of_code,
    "invitation": _of_invitation,
    "student-invitation": _of_student_link,
    "invite": _of_lesson,
}

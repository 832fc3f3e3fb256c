"""Who is reading the page. The policies decide; this hands them a person."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.policies import require_student, require_tutor


def person(request: HttpRequest) -> User:
    """The signed-in person; views that call it stand behind `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def tutor(request: HttpRequest) -> User:
    user = person(request)
    require_tutor(user)
    return user


def student(request: HttpRequest) -> User:
    user = person(request)
    require_student(user)
    return user

"""The signed-in user of a page, with the required role."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.policies import require_student, require_tutor


def current_user(request: HttpRequest) -> User:
    """For views behind `login_required`. Raises PermissionDenied for an anonymous request."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def current_tutor(request: HttpRequest) -> User:
    user = current_user(request)
    require_tutor(user)
    return user


def current_student(request: HttpRequest) -> User:
    user = current_user(request)
    require_student(user)
    return user

"""Permission checks that depend on the account's role only; they raise `forbidden`."""

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.errors import forbidden


def require_tutor(user: User) -> None:
    if not user.is_tutor:
        raise forbidden(_("This is for tutors only, and you are signed in as a student."))


def require_student(user: User) -> None:
    if not user.is_student:
        raise forbidden(_("This is for students only, and you are signed in as a tutor."))

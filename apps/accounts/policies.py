"""Permission checks that depend on the account's role only; they raise `forbidden`."""

from apps.accounts.models import User
from apps.common.errors import forbidden


def require_tutor(user: User) -> None:
    if not user.is_tutor:
        raise forbidden()


def require_student(user: User) -> None:
    if not user.is_student:
        raise forbidden()

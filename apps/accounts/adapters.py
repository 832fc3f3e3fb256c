"""Where allauth is told what an account is here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from apps.accounts.models import User
from apps.common.mail import validate_address


def display_name(user: User) -> str:
    return user.get_full_name()


class AccountAdapter(DefaultAccountAdapter):
    def clean_email(self, email: str) -> str:
        validate_address(email)
        return email

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Fills the row before allauth saves it, so that it never stands without a role."""
        form.fill(user)
        return super().save_user(request, user, form, commit)

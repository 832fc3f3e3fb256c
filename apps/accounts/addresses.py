"""The verified e-mail addresses of a user."""

from allauth.account.models import EmailAddress

from apps.accounts.models import User


def verified_emails(user: User) -> list[str]:
    """The addresses confirmed by the user, or set by the operator, in lower case."""
    verified = EmailAddress.objects.filter(user=user, verified=True)
    return [email.lower() for email in verified.values_list("email", flat=True)]

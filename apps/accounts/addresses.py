"""Which addresses are known to be a person's own."""

from allauth.account.models import EmailAddress

from apps.accounts.models import User


def verified_emails(user: User) -> list[str]:
    """Those that the person has confirmed, or the operator vouches for."""
    known = EmailAddress.objects.filter(user=user, verified=True)
    return [email.lower() for email in known.values_list("email", flat=True)]

"""Invitations of tutors who have added the reader before they signed up."""

from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link, placeholders_for


def student_links(me: User) -> list[tuple[User, str]]:
    """Students whom tutors have added with the reader's confirmed address, with their links."""
    now = timezone.now()
    return [(one, make_student_link(one, now).url) for one in placeholders_for(me)]

"""The mail that classrooms send."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.classrooms.models import Membership
from apps.common.mail import send


def send_invitation(membership: Membership, email: str) -> None:
    """In the invited person's language; before they have one, in the tutor's."""
    tutor = membership.classroom.tutor
    reader = membership.student or tutor
    with translation.override(reader.locale):
        names = {"tutor": tutor.get_full_name(), "classroom": membership.classroom.name}
        send(
            to=email,
            subject=_("%(tutor)s invites you to “%(classroom)s”") % names,
            text=_("To accept, sign in here or sign up as a student with this e-mail: %(url)s")
            % {"url": f"{settings.PUBLIC_URL}/classrooms/"},
        )

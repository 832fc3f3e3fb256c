"""allauth's adapter with the invitations that only the pages know."""

from django.http import HttpRequest

from apps.accounts.adapters import AccountAdapter
from apps.classrooms import invitations
from apps.classrooms.models import Membership
from apps.common.errors import DomainError
from apps.common.session_tokens import kept_token


class InvitingAccountAdapter(AccountAdapter):
    def is_invited(self, request: HttpRequest) -> bool:
        """True too for a classroom's invitation, until it is answered."""
        if super().is_invited(request):
            return True
        token = kept_token(request.session, invitations.PURPOSE)
        try:
            membership = invitations.read_invitation(token) if token else None
        except DomainError:
            return False
        return membership is not None and membership.status == Membership.Status.INVITED

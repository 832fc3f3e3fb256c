"""The request type of views behind DRF's IsAuthenticated: `user` is a `User`."""

from rest_framework.request import Request

from apps.accounts.models import User


class AuthenticatedRequest(Request):
    user: User

"""The type of a request that has passed DRF's IsAuthenticated."""

from rest_framework.request import Request

from apps.accounts.models import User


class SignedIn(Request):
    user: User

"""The API about the API."""

from django.http import HttpRequest, HttpResponse
from django.views import View
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

from apps.common.errors import page_not_found


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document of the whole API, for anyone."""

    permission_classes = [AllowAny]
    authentication_classes = []


class NoSuchPathView(View):
    """Whatever else lies under /api/, for every method that there is or is not."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return page_not_found(request)

"""The OpenAPI document, and the 404 of unknown API paths."""

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.permissions import AllowAny

from apps.common.errors import page_not_found


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI 3.1 document of the whole API; public."""

    permission_classes = [AllowAny]
    authentication_classes = []


@method_decorator(csrf_exempt, name="dispatch")  # a failed CSRF check would answer 403 before 404
class NoSuchPathView(View):
    """Answers 404 for any other path under /api/, for every method."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return page_not_found(request)

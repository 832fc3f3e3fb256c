"""The admin's first page, with an overview of the installation above its tables."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.web.administration.overview import load_overview


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    now = timezone.localtime()
    return admin.site.index(request, {"overview": load_overview(now)})

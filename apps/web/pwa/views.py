"""The site as an app that can be installed: manifest, service worker and offline page."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

LIGHT, DARK = "#f6f2e9", "#14211c"  # --bg of components.css and dark.css
_SCRIPT = "apps/web/static/web/dist/service-worker.js"


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """In the language of the page that links to it: browsers fetch it without cookies."""
    languages = dict(settings.LANGUAGES)
    chosen = request.GET.get("language", "")
    with translation.override(chosen if chosen in languages else translation.get_language()):
        content = _describe_app()
    return JsonResponse(content, content_type="application/manifest+json")


def _describe_app() -> dict[str, Any]:
    name = settings.SCHOOL_NAME or "Kreida"
    return {
        "id": "/",
        "name": name,
        "short_name": name[:12].strip(),
        "description": _("Lessons online: your calendar, and a room with a shared board."),
        "lang": translation.get_language(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": LIGHT,
        "background_color": LIGHT,
        "icons": [
            _icon("logo.svg", "any", "image/svg+xml"),
            _icon("icons/icon-192.png", "192x192"),
            _icon("icons/icon-512.png", "512x512"),
            {**_icon("icons/maskable-512.png", "512x512"), "purpose": "maskable"},
        ],
        "shortcuts": [{"name": _("Calendar"), "url": "/calendar/"}],
    }


def _icon(name: str, sizes: str, mime_type: str = "image/png") -> dict[str, str]:
    return {"src": static(f"web/{name}"), "sizes": sizes, "type": mime_type}


@require_safe
@cache_control(no_cache=True)
def service_worker(_request: HttpRequest) -> HttpResponse:
    """The built script, under a path from which it may control every page."""
    return HttpResponse(_read_script(), content_type="text/javascript; charset=utf-8")


@cache
def _read_script() -> bytes:
    file = settings.BASE_DIR / _SCRIPT
    if not file.is_file():
        raise Http404
    return bytes(file.read_bytes())


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Kept by the service worker: in both languages, about nobody, and complete in itself."""
    return render(request, "pwa/offline.html", {"light": LIGHT, "dark": DARK})

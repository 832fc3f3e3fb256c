from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("web:calendar")
    return render(request, "web/landing.html")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Set the language cookie, and for a signed-in user the account's language as well."""
    chosen = request.POST.get("language", "")
    next_url = request.POST.get("next", "")
    if not get_adapter().is_safe_url(next_url):
        next_url = "/"
    response = HttpResponseRedirect(next_url)
    if chosen not in User.Locale.values:
        return response
    if isinstance(request.user, User):
        request.user.locale = chosen
        request.user.save(update_fields=["locale"])
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=365 * 86400,
        secure=settings.HTTPS,
        samesite="Lax",
    )
    return response

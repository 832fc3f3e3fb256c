"""The page with the address of the person's calendar feed."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.lessons.feed.address import feed_url, rotate_feed
from apps.web.shared.access import current_user
from apps.web.shared.confirmations import Confirmation, render_confirmation


@login_required
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    url = feed_url(current_user(request))
    context = {
        "url": url,
        "webcal_url": urlsplit(url)._replace(scheme="webcal").geturl(),
        "new_address": _confirm_new_address(),
    }
    return render(request, "feed/feed.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest) -> HttpResponse:
    me = current_user(request)
    if request.method != "POST":
        return render_confirmation(request, _confirm_new_address())
    rotate_feed(me)
    messages.success(request, _("The address is new. Add it to your apps again."))
    return redirect("web:feed")


def _confirm_new_address() -> Confirmation:
    return Confirmation(
        "feed-rotate",
        reverse("web:feed-rotate"),
        reverse("web:feed"),
        _("Create a new address?"),
        _("The current address stops working at once, in every app that uses it."),
        _("Create new address"),
        _("Keep current address"),
    )

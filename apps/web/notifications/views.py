from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.notifications.preferences import load_preferences, save_preferences
from apps.accounts.notifications.telegram_links import is_linked, make_link, unlink
from apps.accounts.notifications.unsubscribing import PURPOSE, find_reader, unsubscribe
from apps.common.session_tokens import kept_token
from apps.web.notifications.forms import NotificationsForm
from apps.web.shared.access import current_user
from apps.web.shared.token_links import move_token_to_session


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_notifications(request: HttpRequest) -> HttpResponse:
    me = current_user(request)
    sent = request.POST if request.method == "POST" else None  # which may be empty
    form = NotificationsForm(sent, load_preferences(me.pk))
    if sent is not None and form.is_valid():
        save_preferences(me, form.preferences)
        messages.success(request, _("Saved."))
        return redirect("web:notifications")
    status = 409 if form.is_stale else 400 if form.errors else 200
    context = {
        "form": form,
        "has_telegram": bool(settings.TELEGRAM_BOT_TOKEN),
        "telegram_linked": is_linked(me),
    }
    return render(request, "notifications/notifications.html", context, status=status)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unsubscribe_link(request: HttpRequest, token: str) -> HttpResponse:
    """Mail programs POST here, without cookies (RFC 8058); a person who follows the link confirms
    first, because mail scanners follow links too."""
    if request.method == "POST":
        unsubscribe(token)
        return render(request, "notifications/unsubscribed.html")
    return move_token_to_session(request, PURPOSE, token, then="web:unsubscribe")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm_unsubscribing(request: HttpRequest) -> HttpResponse:
    token = kept_token(request.session, PURPOSE)
    if request.method == "POST":
        unsubscribe(token)
        return render(request, "notifications/unsubscribed.html")
    find_reader(token)
    return render(request, "notifications/unsubscribe.html")


@login_required
@require_POST
@never_cache
def link_telegram(request: HttpRequest) -> HttpResponse:
    """Show the link; a redirect to another site after a form is against the page's policy."""
    if not settings.TELEGRAM_BOT_TOKEN:
        raise Http404
    link = make_link(current_user(request), timezone.now())
    return render(request, "notifications/telegram.html", {"link": link})


@login_required
@require_POST
def unlink_telegram(request: HttpRequest) -> HttpResponse:
    unlink(current_user(request))
    messages.success(request, _("Telegram is no longer linked."))
    return redirect("web:notifications")

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.sign_up import PURPOSE
from apps.accounts.tutor_blocks import list_tutor_blocks, unblock_tutor
from apps.web.account.forms import SettingsForm
from apps.web.shared.access import current_student, current_user
from apps.web.shared.token_links import move_token_to_session

MAX_SHOWN_BLOCKS = 100


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_settings(request: HttpRequest) -> HttpResponse:
    # A fresh instance: an invalid form changes its instance, and the header shows `request.user`.
    me = current_user(request)
    form = SettingsForm(request.POST or None, instance=User.objects.get(pk=me.pk))
    if request.method == "POST" and form.is_valid():
        changed = form.save_changes()
        with translation.override(changed.locale):
            messages.success(request, _("Saved."))
        return redirect("web:settings")
    status = 409 if form.is_stale else 400 if form.errors else 200
    return render(request, "account/settings.html", {"form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def blocked_tutors(request: HttpRequest) -> HttpResponse:
    """The tutors whom the student has blocked; a POST unblocks one."""
    me = current_student(request)
    if request.method == "POST":
        tutor_id = request.POST.get("tutor", "")
        if tutor_id.isascii() and tutor_id.isdecimal() and len(tutor_id) < 19:
            unblock_tutor(student=me, tutor_id=int(tutor_id))
        messages.success(request, _("Unblocked. This tutor’s invitations are shown again."))
        return redirect("web:blocked-tutors")
    blocks = list_tutor_blocks(me)[:MAX_SHOWN_BLOCKS]
    return render(request, "account/blocked_tutors.html", {"blocks": blocks})


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
        httponly=True,
        samesite="Lax",
    )
    return response


@require_safe
@never_cache
def open_tutor_link(request: HttpRequest, token: str) -> HttpResponse:
    return move_token_to_session(request, PURPOSE, token, then="account_signup")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The text of the installation's own file."""
    if not settings.PRIVACY_TEXT:
        raise Http404
    return render(request, "account/privacy.html", {"text": settings.PRIVACY_TEXT})


@require_safe
@cache_control(public=True, max_age=365 * 86400, immutable=True)
def logo(_request: HttpRequest, version: str) -> HttpResponse:
    """The picture of the installation's own file; its address changes with it."""
    found = settings.SCHOOL_LOGO
    if found is None or version != found.version:
        raise Http404
    return HttpResponse(found.picture.data, content_type=found.picture.mime_type)

"""Creates and revokes the invite links of a lesson."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.common.errors import DomainError
from apps.lessons.policies import Action, access_lesson, may_share
from apps.lessons.services import revoke_invites
from apps.web.lessons import confirmations
from apps.web.lessons.created_links import remember_created_link
from apps.web.lessons.forms import InviteLinkForm
from apps.web.lessons.responses import redirect_unchangeable
from apps.web.shared.access import current_tutor
from apps.web.shared.confirmations import render_confirmation


@login_required
@require_POST
def invite(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if not may_share(me, lesson, timezone.now()):
        return redirect_unchangeable(request, lesson)
    form = InviteLinkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how long the link should work."))
        return redirect("web:lesson", lesson.pk)
    try:
        created = form.make_invite(lesson, timezone.now())
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        remember_created_link(request, lesson, created)
        messages.success(request, _("The link is ready to copy."))
    return redirect("web:lesson", lesson.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, lesson_id: int) -> HttpResponse:
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    if request.method != "POST":
        return render_confirmation(request, confirmations.confirm_revoking_invites(lesson))
    revoke_invites(lesson_id=lesson.pk)
    messages.success(request, _("Earlier links to this lesson no longer work."))
    return redirect("web:lesson", lesson.pk)

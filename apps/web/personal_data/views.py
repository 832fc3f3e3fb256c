from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Erasure
from apps.classroom.upload_limits import load_storage
from apps.common.errors import throttled
from apps.common.models import DailyLimit
from apps.web.personal_data.archive import export_name, write_export
from apps.web.personal_data.erase import request_erasure, take_back
from apps.web.personal_data.forms import EraseForm
from apps.web.shared.access import current_user
from apps.web.shared.confirmations import Confirmation, render_confirmation

EXPORTS_A_DAY = 10


@login_required
@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    erasure = Erasure.objects.filter(user=current_user(request), erased_at=None).first()
    me = current_user(request)
    storage = load_storage(me.pk) if me.is_tutor else None
    context = {"erasure": erasure, "storage": storage}
    return render(request, "personal_data/personal_data.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    me = current_user(request)
    if me.is_staff:
        raise PermissionDenied(_("An administrator’s account cannot be erased."))
    form = EraseForm(request.POST if request.method == "POST" else None, person=me)
    if form.is_valid():
        request_erasure(me, timezone.now())
        messages.success(request, _("Your account will be erased in seven days."))
        return redirect("web:personal-data")
    return render_confirmation(request, _confirmation(form))


def _confirmation(form: EraseForm) -> Confirmation:
    return Confirmation(
        name="erase",
        url=reverse("web:personal-data-erase"),
        cancel_url=reverse("web:personal-data"),
        title=_("Erase your account?"),
        text=_(
            "In seven days your name, addresses, messages and settings are erased, and coming "
            "lessons are cancelled. Lessons that took place and the sums of accounts stay without "
            "your name. Until then you can take it back."
        ),
        confirm_label=_("Erase account"),
        cancel_label=_("Keep account"),
        form=form,
    )


@login_required
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    if take_back(current_user(request)):
        messages.success(request, _("Your account stays."))
    return redirect("web:personal-data")


@login_required
@require_POST
def export(request: HttpRequest) -> FileResponse:
    me, now = current_user(request), timezone.localtime()
    limit = f"export:{me.pk}"
    if not DailyLimit.use(limit, EXPORTS_A_DAY, now):
        detail = _("You have downloaded your data often today. Try again tomorrow.")
        raise throttled(DailyLimit.retry_after(limit, now), detail)
    name = export_name(me, now)
    return FileResponse(
        write_export(me, now), as_attachment=True, filename=name, content_type="application/zip"
    )

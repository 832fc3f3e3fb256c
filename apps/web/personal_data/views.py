from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.common.errors import throttled
from apps.common.models import DailyLimit
from apps.web.personal_data.archive import export_name, write_export
from apps.web.shared.access import current_user

EXPORTS_A_DAY = 10


@login_required
@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    return render(request, "personal_data/personal_data.html")


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

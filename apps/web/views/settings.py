from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.web.access import current_user
from apps.web.forms.settings import SettingsForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    # A fresh instance: an invalid form changes its instance, and the header shows `request.user`.
    me = current_user(request)
    form = SettingsForm(request.POST or None, instance=User.objects.get(pk=me.pk))
    if request.method == "POST" and form.is_valid():
        changed = form.save_changes()
        with translation.override(changed.locale):
            messages.success(request, _("Saved."))
        return redirect("web:settings")
    status = 409 if form.is_stale else 400 if form.errors else 200
    return render(request, "web/settings.html", {"form": form}, status=status)

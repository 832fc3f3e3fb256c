"""The days on which a tutor gives no lessons; new series leave them out."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.common.errors import DomainError
from apps.common.forms import TextField
from apps.lessons.models import Holiday
from apps.lessons.series.holidays import add_holiday, load_holidays, suggest_school_holidays
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error


def _date_field(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget)


class HolidayForm(forms.Form):
    name = TextField(label=gettext_lazy("Name"), max_length=100)
    first_date = _date_field(gettext_lazy("First day"))
    last_date = _date_field(gettext_lazy("Last day"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def holidays(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    form = HolidayForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            add_holiday(tutor=me, **form.cleaned_data)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Added. New series leave these days out."))
            return redirect("web:holidays")
    context = {"form": form, **_lists(me)}
    return render(request, "holidays/holidays.html", context, status=400 if form.errors else 200)


def _lists(me: User) -> dict[str, Any]:
    """The tutor's holidays, and those of schools that do not fall on them."""
    today = me.to_local_time(timezone.now()).date()
    own = load_holidays(me)
    suggestions = [
        each
        for each in suggest_school_holidays(today)
        if not any(
            one.first_date <= each.last_date and each.first_date <= one.last_date for one in own
        )
    ]
    return {"holidays": own, "suggestions": suggestions}


@login_required
@require_POST
def delete(request: HttpRequest, holiday_id: int) -> HttpResponse:
    get_object_or_404(Holiday, pk=holiday_id, tutor=current_tutor(request)).delete()
    messages.success(request, _("Deleted."))
    return redirect("web:holidays")

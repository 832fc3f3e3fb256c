"""The hours at which a student can have lessons."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.booking.student_hours import load_hours, save_hours
from apps.common.errors import DomainError
from apps.web.shared.access import current_student
from apps.web.shared.form_errors import add_domain_error

FIELDS = ("day_from", "day_to", "school_from", "school_to")


def _time_field(label: Any, *, required: bool = True) -> forms.TimeField:
    widget = forms.TimeInput({"type": "time"}, "%H:%M")
    return forms.TimeField(label=label, required=required, widget=widget)


class HoursForm(forms.Form):
    day_from = _time_field(gettext_lazy("Not before"))
    day_to = _time_field(gettext_lazy("Not after"))
    school_from = _time_field(gettext_lazy("School from"), required=False)
    school_to = _time_field(gettext_lazy("School until"), required=False)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_hours(request: HttpRequest) -> HttpResponse:
    me = current_student(request)
    hours = load_hours(me)
    sent = request.POST if request.method == "POST" else None
    form = HoursForm(sent, initial={name: getattr(hours, name) for name in FIELDS})
    if form.is_valid():
        try:
            save_hours(student=me, **form.cleaned_data)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("web:lesson-hours")
    return render(request, "booking/hours.html", {"form": form}, status=400 if form.errors else 200)

"""Calendars that a tutor keeps elsewhere, whose busy times are not offered to students."""

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

from apps.booking.calendars.services import add_address, add_file
from apps.booking.models import MAX_URL, ExternalCalendar
from apps.common.errors import DomainError
from apps.common.forms import TextField
from apps.common.rate_limits import check_rate_limit
from apps.common.request_body import continue_response, is_body_pending
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error


class AddressForm(forms.Form):
    name = TextField(label=gettext_lazy("Name"), max_length=100)
    url = TextField(
        label=gettext_lazy("Address"),
        max_length=MAX_URL,
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "The private address in iCalendar format, which your calendar shows in its settings. "
            "It begins with https:// or webcal://."
        ),
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput({"accept": ".ics,text/calendar"}),
        help_text=gettext_lazy(
            "An .ics file of at most 5 MB. It is not refreshed: upload a new one when your "
            "calendar changes."
        ),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def calendars(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    form = AddressForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        check_rate_limit(request, "external-calendar")
        try:
            made = add_address(tutor=me, now=timezone.now(), **form.cleaned_data)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            return _added(request, made)
    return _render(request, address=form)


@login_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    if is_body_pending(request):
        return continue_response()
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        check_rate_limit(request, "external-calendar")
        file = form.cleaned_data["file"]
        try:
            made = add_file(tutor=me, name=file.name[:100], content=file.read(), now=timezone.now())
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            return _added(request, made)
    return _render(request, file=form)


def _added(request: HttpRequest, calendar: ExternalCalendar) -> HttpResponse:
    if calendar.error:
        messages.warning(request, _("Added, but it could not be read completely. See below."))
    else:
        messages.success(request, _("Added. Its busy times are no longer offered."))
    return redirect("web:external-calendars")


def _render(request: HttpRequest, **sent: Any) -> HttpResponse:
    own = ExternalCalendar.objects.filter(tutor=current_tutor(request)).defer("content")
    context = {"address": AddressForm(), "file": FileForm(), "calendars": own, **sent}
    has_errors = any(form.errors for form in sent.values())
    return render(
        request, "availability/calendars.html", context, status=400 if has_errors else 200
    )


@login_required
@require_POST
def delete(request: HttpRequest, calendar_id: int) -> HttpResponse:
    own = ExternalCalendar.objects.filter(tutor=current_tutor(request))
    get_object_or_404(own, pk=calendar_id).delete()
    messages.success(request, _("Removed. Its busy times are offered again."))
    return redirect("web:external-calendars")

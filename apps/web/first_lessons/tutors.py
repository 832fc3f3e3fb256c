"""The tutor's side: the public page, and answers to those who ask for a first lesson."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.booking.first_lessons import (
    accept_request,
    access_request,
    decline_request,
    save_page,
)
from apps.booking.models import BookingPage, FirstLessonRequest
from apps.common.errors import DomainError
from apps.web.first_lessons.forms import AcceptForm, BookingPageForm
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error

FIELDS = ("slug", "is_open", "about")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_page(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    kept = BookingPage.objects.filter(tutor=me).first()
    initial = {name: getattr(kept, name) for name in FIELDS} if kept else None
    form = BookingPageForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            save_page(tutor=me, **form.cleaned_data)
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("web:booking-page")
    context = {"form": form, "url": _url_of(kept) if kept and kept.is_open else ""}
    status = 400 if form.errors else 200
    return render(request, "first_lessons/edit_page.html", context, status=status)


def _url_of(page: BookingPage) -> str:
    return f"{settings.PUBLIC_URL}{reverse('web:tutor-page', args=[page.slug])}"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, request_id: int) -> HttpResponse:
    me = current_tutor(request)
    asked = access_request(me, request_id, timezone.now())
    if request.POST.get("answer") == "decline":
        decline_request(asked)
        messages.success(request, _("Declined. Nothing is kept of the request."))
        return redirect("web:today")
    form = AcceptForm(request.POST if request.method == "POST" else None, me)
    if form.is_valid():
        return _accept(request, asked, form)
    return _render(request, asked, form)


def _render(request: HttpRequest, asked: FirstLessonRequest, form: AcceptForm) -> HttpResponse:
    status = 400 if form.errors else 200
    context = {"asked": asked, "form": form, "has_classroom": form.fields["classroom"].queryset}  # type: ignore[attr-defined]
    return render(request, "first_lessons/answer.html", context, status=status)


def _accept(request: HttpRequest, asked: FirstLessonRequest, form: AcceptForm) -> HttpResponse:
    try:
        lesson, is_mailed = accept_request(request=asked, classroom=form.cleaned_data["classroom"])
    except DomainError as exc:
        add_domain_error(form, exc)
        return _render(request, asked, form)
    if is_mailed:
        messages.success(request, _("Scheduled. The invitation is on its way."))
        return redirect("web:lesson", lesson.pk)
    messages.warning(request, _("Scheduled. Give the student the link below yourself."))
    return redirect("web:student", lesson.student_id)

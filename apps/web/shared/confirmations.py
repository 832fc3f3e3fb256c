"""Confirmations before destructive actions: a dialog, or a page where there is no JavaScript."""

from typing import NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Confirmation(NamedTuple):
    name: str
    url: str
    """GET shows the confirmation page, POST performs the action."""
    cancel_url: str
    title: str
    text: str
    confirm_label: str
    cancel_label: str
    form: forms.Form | None = None


def render_confirmation(request: HttpRequest, confirmation: Confirmation) -> HttpResponse:
    has_errors = bool(confirmation.form and confirmation.form.errors)
    context = {"confirmation": confirmation}
    return render(request, "web/confirm.html", context, status=400 if has_errors else 200)

"""Shows a service's domain error in the form that caused it."""

from django import forms

from apps.common.errors import DomainError


def add_domain_error(form: forms.BaseForm, error: DomainError) -> None:
    """Add errors of fields to their fields, and all others to the form as a whole."""
    for name, messages in (error.fields or {}).items():
        form.add_error(name if name in form.fields else None, list(messages))
    if not error.fields:
        form.add_error(None, forms.ValidationError(error.detail, code=error.code))

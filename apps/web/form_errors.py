"""A service's refusal, said in the form that asked."""

from django import forms

from apps.common.errors import DomainError


def tell(form: forms.Form, refusal: DomainError) -> None:
    """What it says of a field stands at the field; the rest stands above the form."""
    for name, sentences in (refusal.fields or {}).items():
        form.add_error(name if name in form.fields else None, list(sentences))
    if not refusal.fields:
        form.add_error(None, forms.ValidationError(refusal.detail, code=refusal.code))

"""Forms whose object is made once, also when the form is sent twice."""

import secrets
from typing import Any

from django import forms

from apps.common.idempotency import Idempotency, form_idempotency


class OnceForm(forms.Form):
    once = forms.CharField(required=False, max_length=50, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["once"] = secrets.token_urlsafe(12)

    def idempotency(self, values: dict[str, Any]) -> Idempotency | None:
        """`values` are what the form asks for: another wish is no repetition."""
        return form_idempotency(self.cleaned_data["once"], values)

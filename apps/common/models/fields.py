"""Model fields that clean names and e-mail addresses by apps/common/text.py."""

from typing import Any

from django.db import models

from apps.common import forms
from apps.common.text import MAX_NAME, clean_email, clean_name


class NameField(models.CharField):  # type: ignore[type-arg]
    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(clean_name(value or "", self.max_length or MAX_NAME), model_instance)

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return super().formfield(*args, **{"form_class": forms.NameField, **kwargs})


class AddressField(models.EmailField):  # type: ignore[type-arg]
    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(clean_email(value or ""), model_instance)

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        return super().formfield(*args, **{"form_class": forms.AddressField, **kwargs})

"""Form fields that clean names, text and e-mail addresses by apps/common/text.py."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.common.text import MAX_EMAIL, MAX_NAME, clean_email, clean_name, clean_text


class _CleanedField(forms.CharField):
    """A text whose length counts after cleaning: a browser would cut off what is typed or pasted
    before that."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


class NameField(_CleanedField):
    def __init__(self, *, max_length: int | None = MAX_NAME, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return clean_name(text, self.max_length or MAX_NAME) if text else ""


class TextField(_CleanedField):
    """A text of one line, or of several in a text area, cleaned by `clean_text`."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if "\0" in text:  # refused by a validator of the field
            return text
        multiline = isinstance(self.widget, forms.Textarea)
        return clean_text(text, multiline=multiline, max_length=self.max_length)


class AddressField(_CleanedField, forms.EmailField):
    def __init__(self, *, max_length: int | None = MAX_EMAIL, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return clean_email(text) if text else ""


class OneOfField(forms.TypedChoiceField):
    """A choice field whose error message lists the labels of the choices."""

    default_error_messages = {"invalid_choice": _("Must be one of: %(choices)s.")}

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        if value and not self.valid_value(value):
            choices: Any = self.choices
            labels = ", ".join(str(label) for _value, label in choices)
            message = self.error_messages["invalid_choice"]
            raise ValidationError(message, code="invalid_choice", params={"choices": labels})

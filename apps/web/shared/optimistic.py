"""Optimistic locking for forms whose data may change while they are open.

Each tracked field submits the value that it showed (Django's hidden initial). Only fields that the
user changed are saved; a value that somebody else changed is shown before it is overwritten.
"""

from typing import Any

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

STALE = "stale"
_SEPARATOR = ","


class JoinedHiddenInput(forms.HiddenInput):
    """Submits a list as one text, so that an empty list submits something too."""

    def format_value(self, value: Any) -> str:
        return _SEPARATOR.join(map(str, value or ()))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return _split(data.get(name))


def _split(text: str | None) -> list[str]:
    return text.split(_SEPARATOR) if text else []


class OptimisticForm(forms.BaseForm):
    """`field_groups` lists fields that only make sense together, such as a date and a time."""

    field_groups: tuple[tuple[str, ...], ...] = ()
    data: Any

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        for name in self._tracked():
            self.fields[name].show_hidden_initial = True
            if self._is_list(name):
                self.fields[name].hidden_widget = JoinedHiddenInput
        if self.is_bound:
            self.data = QueryDict(mutable=True)
            self.data.update(data)
            for name in self._tracked():
                self.data.setdefault(self[name].html_initial_name, self._current_value(name))

    @property
    def is_stale(self) -> bool:
        return any(self.has_error(name, STALE) for name in self.fields)

    def _tracked(self) -> list[str]:
        """Fields with an initial value, which comes from the database row."""
        return [name for name in self.fields if name in self.initial]

    def _is_list(self, name: str) -> bool:
        return isinstance(self.fields[name], forms.MultipleChoiceField)

    def _current_value(self, name: str) -> str:
        """The value that the field would show in a new form."""
        value = self[name].initial
        if self._is_list(name):
            return _SEPARATOR.join(map(str, value or ()))
        return "" if value is None else str(self.fields[name].prepare_value(value))

    def _current_data(self, name: str) -> Any:
        value = self._current_value(name)
        return _split(value) if self._is_list(name) else value

    def _changed_by_others(self, name: str) -> bool:
        submitted_initial = self.data.get(self[name].html_initial_name)
        return bool(
            self.fields[name].has_changed(
                self._parse(name, submitted_initial), self._current_data(name)
            )
        )

    def _differs_from_current(self, name: str) -> bool:
        current = self._parse(name, self._current_value(name))
        return bool(self.fields[name].has_changed(current, self[name].data))

    def _parse(self, name: str, text: str | None) -> Any:
        if self._is_list(name):
            return _split(text)
        try:
            return self.fields[name].to_python(text)
        except forms.ValidationError:
            return None

    def _clean_form(self) -> None:
        super()._clean_form()  # type: ignore[misc]
        names_in_groups = {name for names in self.field_groups for name in names}
        singles = [(name,) for name in self._tracked() if name not in names_in_groups]
        for names in (*self.field_groups, *singles):
            self._check_overwrites([name for name in names if name in self._tracked()])

    def _check_overwrites(self, names: list[str]) -> None:
        """Reject an overwrite once; the page then shows the new value for the user to decide."""
        changed_here = [name for name in names if name in self.changed_data]
        changed_by_others = [name for name in names if self._changed_by_others(name)]
        differ = any(self._differs_from_current(name) for name in names)
        if not changed_here or not changed_by_others or not differ:
            return
        for name in changed_by_others:
            self.data[self[name].html_initial_name] = self._current_value(name)
            message = _(
                "This has changed in the meantime: %(value)s. Save again to keep your version."
            )
            value = self._display_value(name) or "—"
            self.add_error(name, forms.ValidationError(message % {"value": value}, code=STALE))

    def _display_value(self, name: str) -> str:
        value = self[name].initial
        choices = dict(getattr(self.fields[name], "choices", ()))
        if self._is_list(name):
            return ", ".join(str(choices.get(each, each)) for each in value or ())
        if isinstance(value, bool):
            return _("switched on") if value else _("switched off")
        return str(choices.get(value, self._current_value(name)))


class OptimisticModelForm(OptimisticForm, forms.ModelForm):  # type: ignore[type-arg]
    def _tracked(self) -> list[str]:
        return super()._tracked() if self.instance.pk else []

    def save_changes(self) -> Any:
        """Save only the fields that the user changed."""
        with transaction.atomic():
            rows = type(self.instance)._default_manager.select_for_update()
            row = rows.get(pk=self.instance.pk)
            for name in self.changed_data:
                setattr(row, name, self.cleaned_data[name])
            row.save(update_fields=list(self.changed_data))
        return row

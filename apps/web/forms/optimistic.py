"""Forms over something that may change while they are open in a tab (optimistic locking).

Each tracked field sends what it showed along (Django's hidden initial). What this person did not
touch is not saved; what somebody else changed meanwhile is shown before it is overwritten.
"""

from typing import Any

from django import forms
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

STALE = "stale"


class OptimisticForm(forms.BaseForm):
    """`together` names fields that only make sense as a whole, as a date and its time do."""

    together: tuple[tuple[str, ...], ...] = ()
    data: Any

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        for name in self._tracked():
            self.fields[name].show_hidden_initial = True
        if self.is_bound:
            self.data = QueryDict(mutable=True)
            self.data.update(data)
            for name in self._tracked():
                self.data.setdefault(self[name].html_initial_name, self._now(name))

    @property
    def is_stale(self) -> bool:
        return any(self.has_error(name, STALE) for name in self.fields)

    def _tracked(self) -> list[str]:
        """Those that show something of the row."""
        return [name for name in self.fields if name in self.initial]

    def _now(self, name: str) -> str:
        """What the field would show if it were opened now."""
        value = self[name].initial
        return "" if value is None else str(self.fields[name].prepare_value(value))

    def _changed_meanwhile(self, name: str) -> bool:
        shown = self.data.get(self[name].html_initial_name)
        return bool(self.fields[name].has_changed(self._read(name, shown), self._now(name)))

    def _differs_from_now(self, name: str) -> bool:
        now = self._read(name, self._now(name))
        return bool(self.fields[name].has_changed(now, self[name].data))

    def _read(self, name: str, text: str | None) -> Any:
        try:
            return self.fields[name].to_python(text)
        except forms.ValidationError:
            return None

    def _clean_form(self) -> None:
        super()._clean_form()  # type: ignore[misc]
        grouped = {name for names in self.together for name in names}
        singles = [(name,) for name in self._tracked() if name not in grouped]
        for names in (*self.together, *singles):
            self._refuse_to_overwrite([name for name in names if name in self._tracked()])

    def _refuse_to_overwrite(self, names: list[str]) -> None:
        """Once: the page then shows what stands there now, and sending it again is a decision."""
        mine = [name for name in names if name in self.changed_data]
        theirs = [name for name in names if self._changed_meanwhile(name)]
        differ = any(self._differs_from_now(name) for name in names)
        if not mine or not theirs or not differ:
            return
        for name in theirs:
            self.data[self[name].html_initial_name] = self._now(name)
            sentence = _("Meanwhile this became: %(value)s. Save again to keep what you wrote.")
            value = self._in_words(name) or "—"
            self.add_error(name, forms.ValidationError(sentence % {"value": value}, code=STALE))

    def _in_words(self, name: str) -> str:
        value = self[name].initial
        choices = dict(getattr(self.fields[name], "choices", ()))
        return str(choices.get(value, self._now(name)))


class OptimisticModelForm(OptimisticForm, forms.ModelForm):  # type: ignore[type-arg]
    def _tracked(self) -> list[str]:
        return super()._tracked() if self.instance.pk else []

    def save_changes(self) -> Any:
        """Saves what this person changed, and nothing else of the row."""
        with transaction.atomic():
            rows = type(self.instance)._default_manager.select_for_update()
            row = rows.get(pk=self.instance.pk)
            for name in self.changed_data:
                setattr(row, name, self.cleaned_data[name])
            row.save(update_fields=list(self.changed_data))
        return row

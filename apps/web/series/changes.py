"""A change of one lesson that its series may follow, from a form or from a drag in the calendar."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.common.forms import TextField
from apps.common.parsing import EARLIEST, LATEST, MAX_ID
from apps.lessons.models import Lesson, LessonChange
from apps.lessons.series import scoped
from apps.lessons.series.changes import Wanted
from apps.lessons.series.scope import Scope
from apps.lessons.services import ExpectedState
from apps.web.shared.scopes import SCOPES, ScopeField


class _InstantField(forms.DateTimeField):
    """Within the years that can be converted between time zones."""

    def __init__(self) -> None:
        limits = [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]
        super().__init__(required=False, widget=forms.HiddenInput, validators=limits)


class ChangeForm(forms.Form):
    """`starts_at` and `ends_at` are instants in ISO 8601; absent fields stay as they are."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("update", "cancel", "add_student", "remove_student")],
        widget=forms.HiddenInput,
    )
    scope = ScopeField(required=True)
    starts_at = _InstantField()
    ends_at = _InstantField()
    title = TextField(max_length=200, required=False, widget=forms.HiddenInput)
    reason = TextField(max_length=500, required=False, widget=forms.HiddenInput)
    student_id = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, widget=forms.HiddenInput
    )
    version = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)
    reset_exceptions = forms.BooleanField(
        label=_("Also lessons that were changed separately"), required=False
    )
    allow_overlap = forms.BooleanField(
        label=_("Schedule anyway where I am double-booked"), required=False
    )

    def __init__(self, sent: Any, *, lesson: Lesson) -> None:
        super().__init__(sent)
        self.lesson = lesson
        if "title" not in sent:
            del self.fields["title"]
        if lesson.series_id is None:
            self.fields["scope"].choices = SCOPES[:1]  # type: ignore[attr-defined]

    def get_wanted(self) -> Wanted:
        data = self.cleaned_data
        return Wanted(
            starts_at=data["starts_at"],
            ends_at=data["ends_at"],
            title=data.get("title"),
            allow_overlap=data["allow_overlap"],
            reset_exceptions=data["reset_exceptions"],
        )

    def get_arguments(self) -> dict[str, Any]:
        """For `preview_change`."""
        data = self.cleaned_data
        return {
            "action": data["action"],
            "scope": Scope(data["scope"]),
            "student_id": data["student_id"],
            "wanted": self.get_wanted(),
        }


def apply_change(tutor: User, form: ChangeForm) -> LessonChange | None:
    """Raises `lesson_conflict`, `precondition_failed` or what the kind of change raises."""
    data, lesson = form.cleaned_data, form.lesson
    scope = Scope(data["scope"])
    match data["action"]:
        case "update":
            expected = ExpectedState({data["version"]}) if data["version"] else None
            wanted = form.get_wanted()
            return scoped.update_lesson(
                tutor=tutor, lesson=lesson, scope=scope, wanted=wanted, expected=expected
            )
        case "cancel":
            return scoped.cancel_lesson(lesson=lesson, scope=scope, reason=data["reason"])
        case "add_student":
            student_id = data["student_id"] or 0
            return scoped.add_student(lesson=lesson, scope=scope, student_id=student_id)
        case _:
            student_id = data["student_id"] or 0
            return scoped.remove_student(lesson=lesson, scope=scope, student_id=student_id)


def describe_rows(form: ChangeForm, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Texts above and below the list. `student` is only known once the rows show that
    the tutor may see the student."""
    clashes = sum(row["conflict"] is not None for row in rows)
    action = form.cleaned_data.get("action") if form.is_bound else None
    student_id = form.cleaned_data.get("student_id")
    return {
        "touched": sum(row["change"] != "kept" for row in rows),
        "clashes": clashes,
        "student": User.objects.filter(pk=student_id).first() if rows and student_id else None,
        "may_apply": bool(rows) and not (clashes and action == "add_student"),
    }

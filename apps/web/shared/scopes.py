"""The choice of how many lessons of a series a change concerns."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.common.forms import OneOfField
from apps.lessons.models import Lesson
from apps.lessons.series.scope import Scope

SCOPES = [
    (Scope.THIS.value, _("this lesson only")),
    (Scope.FOLLOWING.value, _("this and all following lessons")),
    (Scope.ALL.value, _("all upcoming lessons of the series")),
]


class ScopeField(OneOfField):
    """Without a choice, the lesson alone."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("initial", Scope.THIS.value)
        super().__init__(
            label=_("What to change"), choices=SCOPES, widget=forms.RadioSelect, **kwargs
        )


def changes_series(data: Mapping[str, Any]) -> bool:
    """Whether a form's data choose more than one lesson."""
    return data.get("scope") in (Scope.FOLLOWING.value, Scope.ALL.value)


def changes_url(lesson: Lesson, query: Mapping[str, str]) -> str:
    """The page that shows what happens to the other lessons of the series."""
    return f"{reverse('web:lesson-changes', args=[lesson.pk])}?{urlencode(query)}"

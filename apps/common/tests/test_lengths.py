"""Limits of length hold for the stored form of a text, wherever it is typed."""

import pytest
from django import forms as django_forms
from django.core.exceptions import ValidationError
from rest_framework.exceptions import ValidationError as ApiValidationError

from apps.common import forms, parsing
from apps.common.text import MAX_TYPED

LIMIT = 10
FIELDS = [
    parsing.TextField(max_length=LIMIT),
    parsing.TextField(max_length=LIMIT, multiline=True),
    parsing.NameField(max_length=LIMIT),
    forms.TextField(max_length=LIMIT),
    forms.TextField(max_length=LIMIT, widget=django_forms.Textarea),
    forms.NameField(max_length=LIMIT),
]
IDS = [f"{type(field).__module__.rsplit('.')[-1]}-{type(field).__name__}" for field in FIELDS]
HIDDEN = "\u00ad\u200b\u2060 "


def clean(field, typed):
    run = getattr(field, "run_validation", None) or field.clean
    return run(typed)


@pytest.mark.parametrize("field", FIELDS, ids=IDS)
def test_hidden_characters_do_not_count(field):
    typed = HIDDEN * 5 + "x" * LIMIT
    assert len(typed) <= MAX_TYPED * LIMIT
    assert clean(field, typed) == "x" * LIMIT


@pytest.mark.parametrize("field", FIELDS, ids=IDS)
@pytest.mark.parametrize(
    "typed", ["x" * (LIMIT + 1), "x" + "\u00ad" * MAX_TYPED * LIMIT], ids=[1, 2]
)
def test_longer_text_is_refused(field, typed):
    with pytest.raises((ValidationError, ApiValidationError)):
        clean(field, typed)


@pytest.mark.parametrize("field", FIELDS[3:], ids=IDS[3:])
def test_browser_cuts_nothing_off(field):
    assert "maxlength" not in field.widget.attrs


@pytest.mark.django_db
def test_title_and_name_with_hidden_characters_are_accepted(tutor, student, lesson, api):
    lesson_url = f"/api/lessons/{lesson.pk}/"
    answer = api(tutor).patch(lesson_url, {"title": HIDDEN * 30 + "т" * 200})
    assert answer.json()["title"] == "т" * 200
    answer = api(tutor).post("/api/classrooms/", {"name": HIDDEN * 30 + "к" * 200})
    assert answer.json()["name"] == "к" * 200

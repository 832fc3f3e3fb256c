"""Retention: what is older than the settings allow is removed at night, and it is told."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classroom.models import BoardVersion, ChatMessage
from apps.classroom.retention import remove_old
from apps.common.models import Removal
from apps.web.administration.overview import load_overview

pytestmark = pytest.mark.django_db
NOW = timezone.localtime()


@pytest.fixture
def old_and_new(lesson):
    for days in (29, 31, 400):
        at = NOW - timedelta(days=days)
        ChatMessage.objects.create(
            session=lesson.session, uuid=uuid.uuid4(), person="u1", name="x", role="student",
            text=str(days),
        )  # fmt: skip
        ChatMessage.objects.filter(text=str(days)).update(sent_at=at)
        version = BoardVersion.objects.create(session=lesson.session, packed=b"", created_at=at)
        BoardVersion.objects.filter(pk=version.pk).update(created_at=at)


def kept() -> tuple[int, int]:
    return ChatMessage.objects.count(), BoardVersion.objects.count()


def test_everything_is_kept_by_default(old_and_new):
    remove_old(NOW)
    assert kept() == (3, 3)
    assert not Removal.objects.exists()


@pytest.mark.parametrize(
    ("setting", "left", "label"),
    [
        ("KEEP_CHAT_DAYS", (1, 3), "chat messages"),
        ("KEEP_VERSIONS_DAYS", (3, 1), "earlier versions of boards"),
    ],
)
def test_expired_chat_and_versions_are_removed_and_reported(
    old_and_new, settings, setting, left, label
):
    setattr(settings, setting, 30)
    remove_old(NOW)
    remove_old(NOW)
    assert kept() == left
    assert load_overview(NOW).removed == [(label, 2)]


def test_reports_of_removals_end_after_a_year():
    Removal.objects.create(removed_at=NOW - timedelta(days=366), kind="chat", count=1)
    remove_old(NOW)
    assert not Removal.objects.exists()

"""Bind open invitations to their address instead of the account that has it."""

from typing import Any

from django.db import migrations
from django.db.models import Q

from apps.classrooms.models.membership import search_text
from apps.common.alphabet import sort_key
from apps.common.text import casefold, lookup_email

BATCH = 1000


def rewrite(apps_then: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    for classroom in _in_batches(
        apps_then.get_model("classrooms", "Classroom").objects.using(alias)
    ):
        classroom.search_text, classroom.sort_key = (
            casefold(classroom.name),
            sort_key(classroom.name),
        )
        classroom.save(update_fields=["search_text", "sort_key"])
    memberships = apps_then.get_model("classrooms", "Membership").objects.using(alias)
    unaccepted = memberships.filter(joined_at=None, status__in=["invited", "removed"])
    for membership in _in_batches(unaccepted.select_related("student")):
        _unbind(memberships, membership)


def _unbind(memberships: Any, membership: Any) -> None:
    student = membership.student
    email = student.email if student else lookup_email(membership.invited_email)
    others = memberships.filter(classroom_id=membership.classroom_id).exclude(pk=membership.pk)
    if others.filter(Q(invited_email=email) | Q(student__email=email)).exists():
        membership.delete()  # the same invitation, twice
        return
    membership.student, membership.invited_email = None, email
    membership.invited_at = membership.created_at
    membership.search_text = search_text(email)
    membership.save()


def _in_batches(rows: Any) -> Any:
    """Yield the rows by id, holding one batch in memory."""
    last = 0
    while batch := list(rows.order_by("pk").filter(pk__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("classrooms", "0003_sort_and_search_keys"),
        ("accounts", "0006_canonical_emails"),
    ]

    operations = [migrations.RunPython(rewrite, migrations.RunPython.noop)]

"""Two tutors import the same addresses at once."""

from functools import partial

import pytest
from django.db import OperationalError

from apps.accounts.models import User
from apps.classrooms.roster import invite
from apps.classrooms.roster.reader import RosterRow
from apps.common.models import DailyLimit
from tests.builders import make_classroom, make_user
from tests.races.simultaneous import repeat_until, run_simultaneously

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def import_simultaneously():
    """Import 20 addresses, the second tutor in the opposite order; return what each has added."""
    classrooms = [make_classroom(make_user("tutor")) for _ in range(2)]
    rows = [RosterRow(n, email=f"s{n}@x.example", first_name=f"S{n}") for n in range(20)]

    def run():
        User.objects.exclude(placeholder_of=None).delete()
        DailyLimit.objects.all().delete()
        calls = [
            partial(invite.import_students, classroom=classroom, rows=rows[::order])
            for classroom, order in zip(classrooms, (1, -1), strict=True)
        ]
        return [result.added for result in run_simultaneously(*calls)]

    return run


def test_simultaneous_imports_of_the_same_addresses_add_all(import_simultaneously):
    for _ in range(5):
        assert import_simultaneously() == [20, 20]


def test_control_without_the_common_order_the_two_end_in_a_deadlock(
    import_simultaneously, monkeypatch
):
    monkeypatch.setattr(invite, "lock_address_limits", lambda *_given: None)

    def attempt():
        try:
            import_simultaneously()
        except OperationalError:
            return True
        return False

    repeat_until(attempt)

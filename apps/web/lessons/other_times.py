"""What the page of a lesson says and offers about its time."""

from datetime import datetime
from typing import Any

from apps.accounts.models import User
from apps.booking.moves import find_asked, find_move, may_move
from apps.booking.policies import is_bookable, may_book
from apps.lessons.models import Lesson


def find_times(me: User, lesson: Lesson, now: datetime) -> dict[str, Any]:
    """`moved` is the lesson for which this one asks another time, `asked` the request for another
    time of this one."""
    move = find_move(lesson) if lesson.is_requested else None
    is_offered = me.is_student and is_bookable(lesson.tutor_id) and may_book(me, lesson.tutor)
    return {
        "moved": move.lesson if move else None,
        "asked": find_asked(lesson, now) if lesson.status == Lesson.Status.SCHEDULED else None,
        "may_move": is_offered and may_move(lesson, me, now),
        "may_book": is_offered,
    }

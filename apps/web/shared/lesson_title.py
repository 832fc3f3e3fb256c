from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.lessons.models import Lesson


def lesson_title(lesson: Lesson, reader_id: int | None) -> str:
    """The lesson's title, or for the reader with whom it is; for a guest that is the tutor."""
    return lesson.title or _("Lesson with %(name)s") % {"name": other_people(lesson, reader_id)}


def other_people(lesson: Lesson, reader_id: int | None) -> str:
    """For the tutor the students, for everybody else the tutor; `lesson` comes `with_people`."""
    if lesson.tutor_id != reader_id:
        return lesson.tutor.get_full_name()
    return ", ".join(one.get_full_name() for one in _named_students(lesson))


def other_students(lesson: Lesson, reader_id: int) -> str:
    """The names of those with whom a student is in a group."""
    return ", ".join(
        one.get_full_name() for one in lesson.attending_students if one.pk != reader_id
    )


def _named_students(lesson: Lesson) -> list[User]:
    """Those who attend, or everybody if nobody does any more."""
    everybody = [participant.student for participant in lesson.participants.all()]
    return lesson.attending_students or everybody

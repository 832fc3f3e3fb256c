from django.utils.translation import gettext as _

from apps.lessons.models import Lesson


def lesson_title(lesson: Lesson, reader_id: int | None) -> str:
    """The lesson's title, or for the reader with whom it is; for a guest that is the tutor."""
    other = lesson.student if lesson.tutor_id == reader_id else lesson.tutor
    return lesson.title or _("Lesson with %(name)s") % {"name": other.get_full_name()}

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.lessons.models import Lesson


def lesson_title(lesson: Lesson, reader: User) -> str:
    """The lesson's title, or for the reader with whom it is."""
    other = lesson.student if lesson.tutor_id == reader.pk else lesson.tutor
    return lesson.title or _("Lesson with %(name)s") % {"name": other.get_full_name()}

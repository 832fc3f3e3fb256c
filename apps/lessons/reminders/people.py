"""The people of a lesson whom reminders concern."""

from collections import defaultdict
from collections.abc import Collection

from apps.lessons.models import Lesson, Participant

# A SELECT of lesson_id and student_id.
STUDENTS_SQL = """
    SELECT lesson_id, student_id FROM lessons_participant
    WHERE status NOT IN ('cancelled', 'late_cancelled')
"""


def load_people(lesson_ids: Collection[int]) -> dict[int, set[int]]:
    """The tutor and the students of each lesson, without those who cancelled."""
    people: dict[int, set[int]] = defaultdict(set)
    for pk, tutor in Lesson.objects.filter(pk__in=lesson_ids).values_list("pk", "tutor"):
        people[pk].add(tutor)
    attending = Participant.objects.attending().filter(lesson__in=lesson_ids).order_by()
    for pk, student in attending.values_list("lesson", "student"):
        people[pk].add(student)
    return people

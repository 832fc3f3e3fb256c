from apps.classrooms.models.classroom import Classroom, normalize_join_code
from apps.classrooms.models.membership import Membership
from apps.classrooms.models.student_card import StudentCard

__all__ = ["Classroom", "Membership", "StudentCard", "normalize_join_code"]

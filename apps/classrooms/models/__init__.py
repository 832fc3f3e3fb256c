from apps.classrooms.models.classroom import Classroom, normalize_join_code
from apps.classrooms.models.membership import Membership

__all__ = ["Classroom", "Membership", "normalize_join_code"]

from apps.classrooms.models.classroom import Classroom, normal_join_code
from apps.classrooms.models.membership import Membership

__all__ = ["Classroom", "Membership", "normal_join_code"]

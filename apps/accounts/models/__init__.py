from apps.accounts.models.tutor_block import TutorBlock
from apps.accounts.models.user import User

__all__ = ["TutorBlock", "User"]

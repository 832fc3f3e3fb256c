"""Accounts and entries for somebody who may read or change them."""

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.policies import require_tutor
from apps.billing.accounts import find_account
from apps.billing.models import Account, AccountEntry, Pack
from apps.classrooms.models import Membership
from apps.common.errors import forbidden, not_found
from apps.common.parsing import MAX_ID
from apps.lessons.models import Participant
from apps.lessons.students import access_student_card


def access_account(user: User, student_id: int, tutor_id: int | None = None) -> Account:
    """For the tutor, and for the student, who names the tutor if there are several; without a name
    it is the one with whom the student has the first account, else the first joined.

    Raises `not_found`, or `forbidden` for another student.
    """
    if user.is_tutor:
        return find_account(user, access_student_card(user, student_id))
    if user.pk != student_id:
        raise forbidden(_("This account is not yours."))
    if tutor_id is None:
        tutor_id = next(iter(list_tutor_ids(user)), 0)
    return find_account(access_tutor_of(user, tutor_id), user)


def access_own_account(user: User, student_id: int) -> Account:
    """For the tutor only. Raises `forbidden` or `not_found`."""
    require_tutor(user)
    return access_account(user, student_id)


def list_tutor_ids(student: User) -> list[int]:
    """Tutors with an account of the student, then those of the classrooms, then of the lessons."""
    accounts = Account.objects.filter(student=student).order_by("pk")
    memberships = Membership.objects.filter(student=student).exclude(joined_at=None)
    lessons = Participant.objects.filter(student=student).order_by()
    found = [
        *accounts.values_list("tutor_id", flat=True),
        *memberships.order_by("joined_at", "pk").values_list("classroom__tutor_id", flat=True),
        *lessons.values_list("lesson__tutor_id", flat=True).distinct(),
    ]
    return list(dict.fromkeys(found))


def access_tutor_of(student: User, tutor_id: int) -> User:
    """A tutor of the student, now or earlier. Raises `not_found`."""
    if tutor_id not in list_tutor_ids(student):
        raise not_found()
    return User.objects.get(pk=tutor_id)


def access_entry(user: User, entry_id: int) -> AccountEntry:
    """For the tutor of the account. Raises `forbidden` or `not_found`."""
    require_tutor(user)
    own = AccountEntry.objects.filter(account__tutor=user)
    entry = own.select_related("account").filter(pk=min(entry_id, MAX_ID)).first()
    if entry is None:
        raise not_found()
    return entry


def access_pack(user: User, pack_id: int) -> Pack:
    """For the tutor of the account. Raises `forbidden` or `not_found`."""
    require_tutor(user)
    own = Pack.objects.filter(account__tutor=user).select_related("account__tutor")
    pack = own.filter(pk=min(pack_id, MAX_ID)).first()
    if pack is None:
        raise not_found()
    return pack

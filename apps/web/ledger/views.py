"""The account of a student: read by the tutor, who has its forms beside it, and by the student."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.billing.access import access_account, access_own_account, list_tutor_ids
from apps.billing.accounts import list_entries, update_account
from apps.billing.balances import get_balances, list_own_balances, list_packs
from apps.billing.cancellation_policies import find_acceptance, find_unaccepted
from apps.billing.ledger_lines import list_lines
from apps.billing.models import Account
from apps.billing.prices import get_rate
from apps.web.shared.access import current_student, current_tutor
from apps.web.shared.paging import parse_listing


@login_required
@require_safe
def student_account(request: HttpRequest, student_id: int) -> HttpResponse:
    me = current_tutor(request)
    account = access_own_account(me, student_id)
    student = account.get_student()
    context = {
        "student": student,
        "accepted": find_acceptance(student, me.pk),
        "unaccepted": find_unaccepted(student, me.pk),
    }
    return _render(request, account, "ledger/student_account.html", context)


@login_required
@require_safe
def my_accounts(request: HttpRequest) -> HttpResponse:
    """The student's accounts; the only one is opened at once."""
    me = current_student(request)
    tutors = list_tutor_ids(me)
    if len(tutors) == 1:
        return redirect("web:my-account", tutors[0])
    balances = {account.tutor_id: amounts for account, amounts in list_own_balances(me)}
    people = User.objects.in_bulk(tutors)
    rows = [(people[pk], balances.get(pk, [])) for pk in tutors]
    return render(request, "ledger/my_accounts.html", {"rows": rows})


@login_required
@require_safe
def my_account(request: HttpRequest, tutor_id: int) -> HttpResponse:
    me = current_student(request)
    account = access_account(me, me.pk, tutor_id)
    context = {
        "tutor": account.tutor,
        "accepted": find_acceptance(me, tutor_id),
        "unaccepted": find_unaccepted(me, tutor_id),
    }
    return _render(request, account, "ledger/my_account.html", context)


def _render(
    request: HttpRequest, account: Account, template: str, context: dict[str, Any]
) -> HttpResponse:
    update_account(account, timezone.now())
    listing = parse_listing(request)
    is_stored = account.pk is not None
    packs = list_packs(account)
    context |= {
        "account": account,
        "balances": list(get_balances(account).items()),
        "packs": [state for state in packs if state.left > 0],
        "used_packs": sum(state.left <= 0 for state in packs),
        "rate": get_rate(account) if is_stored else None,
        "lines": list_lines(account, listing.page) if is_stored else [],
        "listing": listing.with_total(list_entries(account).count() if is_stored else 0),
    }
    return render(request, template, context)

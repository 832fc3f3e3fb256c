"""Suggests whose payment a line of a bank statement is; the tutor confirms each."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from apps.accounts.models import User
from apps.billing.models import Account, AccountPayer, BankLine, PaymentRequest
from apps.billing.payments.payers import list_student_accounts
from apps.billing.payments.requests import Status, list_requests, total_of
from apps.classrooms.models import StudentCard
from apps.common.text import casefold

_REFERENCE = re.compile(r"(?<!\w)kr\W{0,2}(\d{1,9})(?!\d)")
_ENOUGH = 40


class Reason(StrEnum):
    REFERENCE = "reference"
    IBAN = "iban"
    PAYER_NAME = "payer_name"
    STUDENT_NAME = "student_name"
    AMOUNT = "amount"


_WEIGHTS = {
    Reason.REFERENCE: 100,
    Reason.IBAN: 60,
    Reason.PAYER_NAME: 45,
    Reason.STUDENT_NAME: 40,
    Reason.AMOUNT: 20,
}


@dataclass(slots=True)
class Suggestion:
    """A request, or an account whose payment it may be."""

    account: Account | None = None
    request: PaymentRequest | None = None
    reasons: list[Reason] = field(default_factory=list)

    @property
    def score(self) -> int:
        return sum(_WEIGHTS[reason] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class _Candidate:
    account: Account
    names: list[frozenset[str]]  # of the student, then of those who pay, as words
    ibans: frozenset[str]

    @property
    def student_name(self) -> frozenset[str]:
        return self.names[0]


class Matcher:
    """Loads what one page of lines is compared with, in a fixed number of queries."""

    def __init__(self, tutor: User) -> None:
        self.requests = list(list_requests(tutor).filter(status=Status.OPEN))
        self.accounts = list_student_accounts(tutor)
        self._candidates = self._load_candidates(tutor)

    def _load_candidates(self, tutor: User) -> list[_Candidate]:
        payers = {
            paid_by.account_id: paid_by.payer.name
            for paid_by in AccountPayer.objects.filter(account__tutor=tutor).select_related("payer")
        }
        guardians = dict(
            StudentCard.objects.filter(tutor=tutor).values_list("student_id", "guardian_name")
        )
        ibans: dict[int, set[str]] = {}
        known = BankLine.objects.filter(tutor=tutor, status=BankLine.Status.CONFIRMED)
        used = known.exclude(payer_iban="").values_list("entries__entry__account", "payer_iban")
        for account_id, iban in used.distinct():
            ibans.setdefault(account_id, set()).add(iban)
        return [
            _Candidate(
                account,
                [
                    _words(account.student.get_full_name() if account.student else ""),
                    _words(payers.get(account.pk, "")),
                    _words(guardians.get(account.student_id or 0, "")),
                ],
                frozenset(ibans.get(account.pk, ())),
            )
            for account in self.accounts
        ]

    def suggest(self, line: BankLine) -> Suggestion | None:
        """The likeliest one; None if nothing or several are equally likely."""
        options = [*self._match_requests(line), *self._match_accounts(line)]
        options.sort(key=lambda option: (option.score, option.request is not None), reverse=True)
        if not options or options[0].score < _ENOUGH:
            return None
        best = options[0]
        if len(options) > 1 and options[1].score == best.score and options[1].request is None:
            is_same = best.request is not None
            return best if is_same else None
        return best

    def _match_requests(self, line: BankLine) -> list[Suggestion]:
        numbers = {int(found) for found in _REFERENCE.findall(casefold(line.purpose))}
        options = []
        for request in self.requests:
            if (request.currency, total_of(request)) != (line.currency, line.amount):
                continue  # a part of it is entered for the student
            reasons = [Reason.AMOUNT]
            if request.number in numbers:
                reasons.insert(0, Reason.REFERENCE)
            ids = {item.account_id for item in request.items.all()}
            people = [each for each in self._candidates if each.account.pk in ids]
            for reason in {reason for each in people for reason in _compare(line, each)}:
                reasons.append(reason)
            options.append(Suggestion(request=request, reasons=reasons))
        return options

    def _match_accounts(self, line: BankLine) -> list[Suggestion]:
        numbers = {int(found) for found in _REFERENCE.findall(casefold(line.purpose))}
        named = {
            item.account_id
            for request in self.requests
            if request.number in numbers
            for item in request.items.all()
        }
        options = []
        for each in self._candidates:
            reasons = _compare(line, each)
            if each.account.pk in named and len(named) == 1:
                reasons.insert(0, Reason.REFERENCE)
            if reasons:
                options.append(Suggestion(account=each.account, reasons=reasons))
        return options


def _compare(line: BankLine, candidate: _Candidate) -> list[Reason]:
    reasons = []
    if line.payer_iban and line.payer_iban in candidate.ibans:
        reasons.append(Reason.IBAN)
    sender, purpose = _words(line.payer_name), _words(line.purpose)
    paying = [words for words in candidate.names if len(words) > 1]
    if any(words <= sender or words <= purpose for words in paying[1:]):
        reasons.append(Reason.PAYER_NAME)
    student = candidate.student_name
    if len(student) > 1 and (student <= purpose or student <= sender):
        reasons.append(Reason.STUDENT_NAME)
    return reasons


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", casefold(text)))

from apps.billing.models.account import Account, Pack, Rate
from apps.billing.models.bank import BankFile, BankLine, BankLineEntry
from apps.billing.models.decision import CancellationDecision
from apps.billing.models.entry import LESSONS, AccountEntry
from apps.billing.models.entry_key import EntryKey
from apps.billing.models.payment import (
    AccountPayer,
    CardPayment,
    PayeeDetails,
    Payer,
    PaymentRequest,
    PaymentRequestItem,
)
from apps.billing.models.policy import CancellationPolicy, NoFault, PolicyAcceptance
from apps.billing.models.statement import ClosedMonth, PackWarning

__all__ = [
    "LESSONS",
    "Account",
    "AccountEntry",
    "AccountPayer",
    "BankFile",
    "BankLine",
    "BankLineEntry",
    "CancellationDecision",
    "CancellationPolicy",
    "CardPayment",
    "ClosedMonth",
    "EntryKey",
    "NoFault",
    "Pack",
    "PackWarning",
    "PayeeDetails",
    "Payer",
    "PaymentRequest",
    "PaymentRequestItem",
    "PolicyAcceptance",
    "Rate",
]

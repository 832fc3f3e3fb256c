from apps.billing.models.account import Account, Pack, Rate
from apps.billing.models.decision import CancellationDecision
from apps.billing.models.entry import LESSONS, AccountEntry
from apps.billing.models.policy import CancellationPolicy, NoFault, PolicyAcceptance

__all__ = [
    "LESSONS",
    "Account",
    "AccountEntry",
    "CancellationDecision",
    "CancellationPolicy",
    "NoFault",
    "Pack",
    "PolicyAcceptance",
    "Rate",
]

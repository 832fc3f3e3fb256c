"""Effects of changes that staff make to an account: end its sessions, log, and notify by mail."""

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from apps.accounts.models import User
from apps.common.security_log import log_security_event

_SECURITY_FIELDS = ("email", "role", "is_active", "is_staff", "is_superuser")


def handle_account_change(request: HttpRequest, before: User, after: User) -> None:
    """Call after saving; does nothing unless a field in _SECURITY_FIELDS changed."""
    changed = [name for name in _SECURITY_FIELDS if getattr(before, name) != getattr(after, name)]
    if not changed:
        return
    _end_sessions(request, after)
    log_security_event(
        "account_changed_by_staff", request=request, account=after.pk, changed=changed
    )
    if "email" in changed:
        get_adapter(request).send_notification_mail(
            "account/email/email_changed",
            after,
            {"from_email": before.email, "to_email": after.email},
            before.email,
        )


def handle_password_change(request: HttpRequest, user: User) -> None:
    _end_sessions(request, user)
    log_security_event("password_changed_by_staff", request=request, account=user.pk)
    get_adapter(request).send_notification_mail("account/email/password_changed", user)


def _end_sessions(request: HttpRequest, user: User) -> None:
    """Also ends tokens and sockets, but not the session of staff who change themselves."""
    current = request.session.session_key or ""
    for session in UserSession.objects.filter(user=user).exclude(session_key=current):
        session.end()

"""allauth's adapters: how accounts are found and made, their mails, limits and security log."""

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core.internal.httpkit import is_headless_request
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from apps.accounts.account_mails import consume_account_mail
from apps.accounts.attempt_limits import (
    BY_ACCOUNT,
    BY_ACCOUNT_AND_ADDRESS,
    BY_ADDRESS,
    BY_DEVICE,
    AttemptLimit,
    TooManyAttempts,
    clear_attempts,
    record_attempt,
)
from apps.accounts.devices import get_known_device_id
from apps.accounts.models import User
from apps.accounts.placeholders import (
    PURPOSE,
    become_account,
    find_placeholder,
    lock_placeholder,
)
from apps.accounts.sign_up import is_open
from apps.common.addresses import address_key, client_address
from apps.common.errors import forbidden, invalid, throttled
from apps.common.mail import compose
from apps.common.mail_queue import queue_decoy
from apps.common.security_log import log_security_event
from apps.common.session_tokens import drop_token, kept_token
from apps.common.text import clean_email, lookup_email, lowercase_email

MAX_SESSIONS = 100  # of an account; allauth looks up each of them at every sign-in


def display_name(user: User) -> str:
    return user.get_full_name()


def resolve_account_email(typed: str) -> str:
    """The address under which the account is stored. Accounts older than the canonical form may
    be stored under the address as it was typed."""
    canonical, plain = lookup_email(typed), lowercase_email(typed)
    if canonical != plain and not User.objects.filter(email=canonical).exists():
        return plain
    return canonical


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return is_open() or self.is_invited(request)

    def is_invited(self, request: HttpRequest) -> bool:
        """Whether this request, or else this session, has a tutor's valid link; of two links this
        is the one that `save_user` takes."""
        token = _sent_invitation(request) or kept_token(request.session, PURPOSE)
        return find_placeholder(token) is not None

    def clean_email(self, email: str) -> str:
        """Used for sign-up, added addresses and password resets."""
        return clean_email(email)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Accept any spelling of the account's address."""
        if credentials.get("email"):
            credentials["email"] = resolve_account_email(credentials["email"])
        return super().authenticate(request, **credentials)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Fill in the profile before allauth saves the row, whose role must not be empty."""
        try:
            saved = self._become_placeholder(request, form)
            if saved is None and not self.is_open_for_signup(request):
                raise forbidden()  # somebody else has used the link meanwhile
            saved = saved or self._save_new(request, user, form)
        except IntegrityError as exc:  # a second click, at the same time
            raise invalid(email=_("This address has just been registered. Sign in.")) from exc
        # allauth creates the address rows of a new account and requires that there are none yet.
        saved.emailaddress_set.all().delete()
        log_security_event("sign_up", request=request, user_id=saved.pk)
        return saved

    def _save_new(self, request: HttpRequest, user: Any, form: Any) -> Any:
        form.fill_user(user)
        super().save_user(request, user, form, commit=False)
        with transaction.atomic():  # without the hashing, which would block SQLite's writers
            user.save()
        return user

    def _become_placeholder(self, request: HttpRequest, form: Any) -> User | None:
        """Sign up as the student of the link (see placeholders.py), if nobody else has just done
        so. The password is hashed before the transaction, which blocks SQLite's other writers."""
        token = form.cleaned_data["invitation"] or kept_token(request.session, PURPOSE)
        student = find_placeholder(token)
        if student is None or form.cleaned_data["role"] != User.Role.STUDENT:
            return None
        form.fill_user(student)
        super().save_user(request, student, form, commit=False)
        with transaction.atomic():
            if not lock_placeholder(token):
                return None
            become_account(student)
            student.save()
        drop_token(request.session, PURPOSE)
        log_security_event("placeholder_claimed", request=request, user_id=student.pk)
        return student

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        is_confirmed = bool(super().confirm_email(request, email_address))
        if is_confirmed:
            log_security_event("email_confirmed", request=request, user_id=email_address.user_id)
        return is_confirmed

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "::"  # unknown behind a Unix socket, but required

    def is_safe_url(self, url: str) -> bool:
        """Allow redirects (`next=`) to PUBLIC_URL only, whatever the Host header says."""
        host = urlsplit(settings.PUBLIC_URL).netloc
        return url_has_allowed_host_and_scheme(url, {host}, require_https=settings.HTTPS)

    # Signing in

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        email = resolve_account_email(credentials.get("email", ""))
        users = _find_users(email)
        try:
            self._attempt = record_attempt(_sign_in_limits(request, email, users))
        except TooManyAttempts as exc:
            _log_for_each(users, "sign_in_limited", request)
            raise too_many_attempts_error(request, exc) from exc

    def _rollback_login_failed_rl_usage(self) -> None:
        self._attempt.undo()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: allauth clears by address, which other accounts may have too.
        _finish_password_reset clears by account."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        users = _find_users(resolve_account_email(credentials.get("email", "")))
        _log_for_each(users, "sign_in_failed", request)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        _mark_device(request, user)
        log_security_event("sign_in", request=request, user_id=user.pk, is_staff=user.is_staff)
        response = super().post_login(request, user, **kwargs)  # records the session
        _end_oldest_sessions(request, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        log_security_event("sign_out", request=request)
        super().logout(request)

    # Mail to the owner of an account

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send allauth's mail with links to PUBLIC_URL, whatever the Host header says.

        The domain is encoded by IDNA 2008 first, because Django would use IDNA 2003. Mails that
        strangers can trigger are limited per day (see account_mails); over the limit the same work
        is done in the same single transaction, so that the response's time reveals nothing."""
        site = SimpleNamespace(name="Kreida", domain=urlsplit(settings.PUBLIC_URL).netloc)
        links = {
            name: urljoin(
                settings.PUBLIC_URL, urlsplit(link)._replace(scheme="", netloc="").geturl()
            )
            for name, link in context.items()
            if name.endswith("_url")
        }
        recipient = lookup_email(email)
        context = {"request": self.request, "email": recipient, **context, **links}
        rendered = self.render_mail(template_prefix, recipient, {**context, "current_site": site})
        message = compose(to=recipient, subject=str(rendered.subject), text=str(rendered.body))
        with transaction.atomic():
            if consume_account_mail(template_prefix, email, self.request, context.get("user")):
                message.send()
            elif settings.EMAIL_URL:
                queue_decoy(message)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        event = template_prefix.rpartition("/")[2]  # such as `password_changed`, `totp_deactivated`
        log_security_event(event, request=self.request, user_id=user.pk)
        if event == "password_reset":
            _finish_password_reset(self.request, user)
        new_address = (context or {}).get("to_email")
        with translation.override(user.locale):
            super().send_notification_mail(template_prefix, user, context, email)
            if new_address:
                super().send_notification_mail(template_prefix, user, context, new_address)


def _sent_invitation(request: HttpRequest) -> str:
    """The student link that a sign-up sends along, by the page's form or as JSON."""
    if request.method != "POST":
        return ""
    if request.content_type != "application/json":
        return request.POST.get("invitation", "")
    try:
        data = json.loads(request.body)
    except ValueError:
        return ""
    token = data.get("invitation") if isinstance(data, dict) else None
    return token if isinstance(token, str) else ""


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Logs it when people end their other sessions."""

    def end_sessions(self, sessions: Any) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            log_security_event("sessions_ended", request=self.request, sessions=len(ended))


def too_many_attempts_error(request: HttpRequest, exc: TooManyAttempts) -> Exception:
    """A DomainError for the headless API; for pages a ValidationError shown in the form."""
    if is_headless_request(request):
        return throttled(exc.seconds, exc.message)
    # SignInResponseMiddleware reads this attribute.
    request.retry_after = exc.seconds  # type: ignore[attr-defined]
    return ValidationError(exc.message, code="too_many_login_attempts")


def _log_for_each(users: list[User], event: str, request: HttpRequest) -> None:
    user_ids: list[int | None] = [user.pk for user in users]
    for user_id in user_ids or [None]:
        log_security_event(event, request=request, user_id=user_id)


def _find_users(email: str) -> list[User]:
    """The accounts whose passwords allauth tries for this address: usually one, but several may
    have it unconfirmed."""
    users = filter_users_by_email(email, prefer_verified=True, for_login=True)
    return sorted(users, key=lambda user: user.pk)


def _end_oldest_sessions(request: HttpRequest, user: User) -> None:
    sessions = UserSession.objects.filter(user=user).order_by("-created_at", "-pk")
    oldest = list(sessions[MAX_SESSIONS : 2 * MAX_SESSIONS])
    for session in oldest:
        session.end()
    if oldest:
        log_security_event("sessions_ended", request=request, sessions=len(oldest))


def _mark_device(request: HttpRequest, user: User) -> None:
    # SignInResponseMiddleware reads this attribute.
    request.known_to_user_id = user.pk  # type: ignore[attr-defined]


def _finish_password_reset(request: HttpRequest, user: User) -> None:
    """Let the owner sign in at once, whatever strangers have tried.

    With a second factor the device stays unknown: each known device has its own limit of codes,
    which whoever reads the owner's mail could otherwise multiply."""
    # Attempts from this address at other accounts still count.
    limits = _sign_in_limits(request, "", [user])
    clear_attempts([each for each in limits if each[0] is not BY_ADDRESS])
    if not is_mfa_enabled(user):
        _mark_device(request, user)


def _sign_in_limits(
    request: HttpRequest, email: str, users: list[User]
) -> list[tuple[AttemptLimit, str]]:
    """The limits of every account whose password the attempt may match."""
    accounts = {f"user {user.pk}": get_known_device_id(request, user.pk) for user in users}
    address = address_key(client_address(request))
    limits = []
    for account, device_id in (accounts or {f"nobody {email}": None}).items():
        if device_id:
            limits.append((BY_DEVICE, f"{device_id} {account}"))
        else:
            limits.append((BY_ACCOUNT_AND_ADDRESS, f"{account} {address}"))
            limits.append((BY_ACCOUNT, account))
    if not accounts or not all(accounts.values()):
        limits.append((BY_ADDRESS, address))
    return limits

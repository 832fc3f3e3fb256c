"""Where allauth is told what an account is here, and where it tells what happened to one."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core.internal.httpkit import is_headless_request
from allauth.core.internal.ratelimit import truncate_ip
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme

from apps.accounts.account_mails import may_mail_account
from apps.accounts.devices import known_device
from apps.accounts.guess_limits import (
    BY_ACCOUNT,
    BY_ACCOUNT_AND_ADDRESS,
    BY_ADDRESS,
    BY_DEVICE,
    GuessLimit,
    TooManyGuesses,
    begin_guess,
    forget_guesses,
)
from apps.accounts.models import User
from apps.common.addresses import client_address
from apps.common.errors import throttled
from apps.common.security_log import log_security_event
from apps.common.text import clean_email, lookup_email, lowercase_email


def display_name(user: User) -> str:
    return user.get_full_name()


def account_email(typed: str) -> str:
    """The address by which the account is kept. Those from before addresses had one canonical
    form may be kept as they were typed."""
    canonical, plain = lookup_email(typed), lowercase_email(typed)
    if canonical != plain and not User.objects.filter(email=canonical).exists():
        return plain
    return canonical


class AccountAdapter(DefaultAccountAdapter):
    def clean_email(self, email: str) -> str:
        """For signing up, adding an address and asking for a new password alike."""
        return clean_email(email)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """By any spelling of the account's address."""
        if credentials.get("email"):
            credentials["email"] = account_email(credentials["email"])
        return super().authenticate(request, **credentials)

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Fills the row before allauth saves it, so that it never stands without a role."""
        form.fill(user)
        saved: Any = super().save_user(request, user, form, commit)
        # allauth writes the addresses of who signs up itself, and insists on there being none.
        saved.emailaddress_set.all().delete()
        log_security_event("sign_up", request=request, user_id=saved.pk)
        return saved

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        done = bool(super().confirm_email(request, email_address))
        if done:
            log_security_event("email_confirmed", request=request, user_id=email_address.user_id)
        return done

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "::"  # none behind a Unix socket; the column wants one

    def is_safe_url(self, url: str) -> bool:
        """`next=` stays on PUBLIC_URL, whatever Host was asked for."""
        host = urlsplit(settings.PUBLIC_URL).netloc
        return url_has_allowed_host_and_scheme(url, {host}, require_https=settings.HTTPS)

    # Signing in

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        email = account_email(credentials.get("email", ""))
        user = _account_of(email)
        try:
            self._guess = begin_guess(_limits(request, email, user))
        except TooManyGuesses as exc:
            log_security_event("sign_in_limited", request=request, user_id=_id(user))
            raise refusal(request, exc) from exc

    def _rollback_login_failed_rl_usage(self) -> None:
        self._guess.forgive()

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        email = account_email(credentials.get("email", ""))
        forget_guesses(_limits(request, email, _account_of(email)))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        user = _account_of(account_email(credentials.get("email", "")))
        log_security_event("sign_in_failed", request=request, user_id=_id(user))

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        request.signed_in_user_id = user.pk  # type: ignore[attr-defined]  # for SignInAnswers
        log_security_event("sign_in", request=request, user_id=user.pk, is_staff=user.is_staff)
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        log_security_event("sign_out", request=request)
        super().logout(request)

    # What the owner of an account is told of

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Its links and its name are PUBLIC_URL's, whatever Host the request came with.
        It goes to the domain that was typed, which Django would encode by IDNA 2003. What any
        stranger can have sent goes to an address only so often a day."""
        if not may_mail_account(template_prefix, email, self.request, context.get("user")):
            return
        site = SimpleNamespace(name="Kreida", domain=urlsplit(settings.PUBLIC_URL).netloc)
        links = {
            name: urljoin(
                settings.PUBLIC_URL, urlsplit(link)._replace(scheme="", netloc="").geturl()
            )
            for name, link in context.items()
            if name.endswith("_url")
        }
        context = {**context, **links, "current_site": site}
        super().send_mail(template_prefix, lookup_email(email), context)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        event = template_prefix.rpartition("/")[2]  # as `password_changed`, `totp_deactivated`
        log_security_event(event, request=self.request, user_id=user.pk)
        new_address = (context or {}).get("to_email")
        with translation.override(user.locale):
            super().send_notification_mail(template_prefix, user, context, email)
            if new_address:
                super().send_notification_mail(template_prefix, user, context, new_address)


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Sessions that their owner ends from another one."""

    def end_sessions(self, sessions: Any) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        if ended:
            log_security_event("sessions_ended", request=self.request, sessions=len(ended))


def refusal(request: HttpRequest, exc: TooManyGuesses) -> Exception:
    """For a program an error of its own; on a page a sentence in the form, which keeps its text."""
    if is_headless_request(request):
        return throttled(exc.seconds, exc.sentence)
    request.retry_after = exc.seconds  # type: ignore[attr-defined]  # for SignInAnswers
    return ValidationError(exc.sentence, code="too_many_login_attempts")


def _id(user: User | None) -> int | None:
    return user.pk if user else None


def _account_of(email: str) -> User | None:
    users = filter_users_by_email(email, prefer_verified=True, for_login=True)
    return users[0] if users else None


def _limits(request: HttpRequest, email: str, user: User | None) -> list[tuple[GuessLimit, str]]:
    account = f"user {user.pk}" if user else f"nobody {email}"
    device = known_device(request, user.pk) if user else None
    if device:
        return [(BY_DEVICE, f"{device} {account}")]
    address = truncate_ip(client_address(request))  # of IPv6 the network, which is one place
    return [
        (BY_ACCOUNT_AND_ADDRESS, f"{account} {address}"),
        (BY_ACCOUNT, account),
        (BY_ADDRESS, address),
    ]

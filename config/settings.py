"""Kreida's settings. README lists the environment variables that some are read from."""

from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from apps.common.keys import derive_key
from apps.common.static import is_immutable
from config import environment
from config.data_dir import data_dir, secret_key, vapid_key
from config.database import database
from config.environment import BASE_DIR
from config.hosts import allowed_hosts, public_url, trusted_proxies
from config.openapi import document_settings
from config.school_logo import school_logo

DATA_DIR = data_dir()
# Where `kreida backup` writes.
BACKUP_DIR = environment.text("BACKUP_DIR", str(DATA_DIR / "backups"))
PORT = environment.integer("PORT", 8000, low=1, high=65535)
DEBUG = False
SECRET_KEY = secret_key(DATA_DIR)
PUBLIC_URL = public_url(PORT)
HTTPS = PUBLIC_URL.startswith("https://")
# Includes `testserver`, the host of Django's test client, only while PUBLIC_URL is not set.
ALLOWED_HOSTS = allowed_hosts(PUBLIC_URL)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
REDIS_URL = environment.redis_url()
TURN_URLS, TURN_SECRET = environment.turn()
# What rooms ask about lessons: apps/classroom/lessons.py.
CLASSROOM_LESSONS = "apps.lessons.rooms.RoomLessons"
# What else moves when a student takes a placeholder over: apps/lessons/placeholders.py.
STUDENT_MOVES = ["apps.billing.placeholders.move_account"]
STORAGE_QUOTA_MB = environment.integer("STORAGE_QUOTA_MB", 2048, low=1, high=10**9)
# Days for which chat and earlier versions of boards are kept; 0: for good.
KEEP_CHAT_DAYS = environment.integer("KEEP_CHAT_DAYS", 0, low=0, high=36500)
KEEP_VERSIONS_DAYS = environment.integer("KEEP_VERSIONS_DAYS", 0, low=0, high=36500)
# Networks whose X-Forwarded-For and X-Forwarded-Proto are trusted.
TRUSTED_PROXIES = trusted_proxies(PUBLIC_URL)
# Scope of Strict-Transport-Security: this host, its subdomains, or also preloading.
HSTS = environment.choice("HSTS", ("host", "off", "subdomains", "preload"))
# Who may sign up: everybody, students and invited tutors, or invited students only.
SIGN_UP = environment.choice("SIGN_UP", ("open", "invited-tutors", "closed"))
SCHOOL_NAME = environment.shown_name("SCHOOL_NAME")
SCHOOL_LOGO = school_logo()
PRIVACY_TEXT = environment.file_text("PRIVACY_FILE")
# Reminders by Telegram, where the server has a bot; the URL is another one in tests.
TELEGRAM_BOT_TOKEN = environment.telegram_token()
TELEGRAM_API_URL = environment.api_url("TELEGRAM_API_URL", "https://api.telegram.org")
# Card payments to the merchant of this token; the URL is another one in tests.
MONOBANK_TOKEN = environment.monobank_token()
MONOBANK_API_URL = environment.api_url("MONOBANK_API_URL", "https://api.monobank.ua")
# Push services are on the internet; one in the own network has to be allowed.
PUSH_SERVICES = environment.choice("PUSH_SERVICES", ("public", "any"))
# Calendars of tutors are on the internet; those in the own network have to be allowed.
EXTERNAL_CALENDARS = environment.choice("EXTERNAL_CALENDARS", ("public", "any"))
VAPID_KEY = vapid_key(DATA_DIR)
# Who may read /metrics besides this machine.
METRICS_TOKEN = environment.metrics_token()
THROTTLING = environment.choice("THROTTLING", ("on", "off")) == "on"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_vite",
    "apps.common",
    "apps.accounts",
    "apps.classrooms",
    "apps.classroom",
    "apps.lessons",
    "apps.billing",
    "apps.booking",
    "apps.web",
    "apps.operations",
]
MIDDLEWARE = [
    "apps.common.middleware.RequestLogMiddleware",
    "apps.common.middleware.SecurityHeadersMiddleware",
    "apps.common.middleware.ForwardedProtoMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.common.middleware.StaticNotFoundMiddleware",
    "apps.common.middleware.TrailingSlashMiddleware",
    "apps.common.html.HtmlMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "apps.common.middleware.BodyLimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.UserLocaleMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.accounts.middleware.SignInResponseMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apps.common.dependency_failures.DependencyFailureMiddleware",
    "apps.web.middleware.PageMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # A folder per feature; before those of apps, so that they override allauth's.
        "DIRS": [*(BASE_DIR / "apps" / "web").glob("*/templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.web.context.page_context",
            ]
        },
    }
]

DATABASES = {"default": database(DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Version 2, because older releases stored pickled values.
    "default": {
        "BACKEND": "apps.common.cache.FallbackCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": derive_key(SECRET_KEY, "installation")[:16],  # several may share a Redis
        "VERSION": 2,
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # past it, limits would be forgotten
    }
}

LANGUAGES = [("uk", _("Ukrainian")), ("en", _("English"))]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise scans it at start, before `collectstatic` has run
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "apps.common.static.StaticFilesStorage"},
}
WHITENOISE_IMMUTABLE_FILE_TEST = is_immutable
_VITE_MANIFEST = BASE_DIR / "apps/web/static/web/dist/manifest.json"
DJANGO_VITE = {"default": {"static_url_prefix": "web/dist", "manifest_path": _VITE_MANIFEST}}
MEDIA_ROOT = DATA_DIR / "files"
# Request bodies while they are read; not in /tmp, which is often in memory.
UPLOAD_DIR = DATA_DIR / "uploading"
UPLOAD_DIR.mkdir(mode=0o700, exist_ok=True)
FILE_UPLOAD_TEMP_DIR = UPLOAD_DIR
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["apps.accounts.hashers.BoundedPBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

EMAIL_URL = environment.text("EMAIL_URL")
if EMAIL_URL:
    vars().update(environment.mail())
    # Mail is queued in the database; the worker sends it by the backend of EMAIL_URL.
    MAIL_TRANSPORT = str(vars()["EMAIL_BACKEND"]).replace(
        "django.core.mail.backends.smtp.EmailBackend", "apps.common.smtp.SmtpTransport"
    )
    EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = f"Kreida <kreida@{urlsplit(PUBLIC_URL).hostname}>"

ACCOUNT_ADAPTER = "apps.web.account.adapter.InvitingAccountAdapter"
USERSESSIONS_ADAPTER = "apps.accounts.adapters.SessionsAdapter"
ACCOUNT_USER_DISPLAY = "apps.accounts.adapters.display_name"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_MAX_EMAIL_ADDRESSES = 10
ACCOUNT_SIGNUP_FORM_CLASS = "apps.accounts.forms.SignupProfileForm"
ACCOUNT_FORMS = {
    "login": "apps.accounts.address_forms.SignInForm",
    "reset_password": "apps.accounts.address_forms.ForgottenPasswordForm",
    "add_email": "apps.accounts.address_forms.AddAddressForm",
    "change_password": "apps.accounts.password_forms.LoggedPasswordChangeForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Kreida] "
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Wider than allauth's defaults, because a whole class may sign up at once from one address.
# Failed sign-ins are limited by apps/accounts/attempt_limits.py. Password resets are limited by
# apps/accounts/account_mails.py per sender and account: a limit per account alone would let
# strangers use up the owner's.
ACCOUNT_RATE_LIMITS = (
    {
        "signup": "300/m/ip",
        "login": "600/m/ip",
        "login_failed": None,
        "reset_password": "20/m/ip",
    }
    if THROTTLING
    else False
)
HEADLESS_TOKEN_STRATEGY = "apps.accounts.tokens.TokenStrategy"
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_PRIVATE_KEY = derive_key(SECRET_KEY, "access-token")
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 3600
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 30 * 86400
# Tokens end with their session, so that signing out or changing the password works at once.
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
MFA_TOTP_ISSUER = "Kreida"
MFA_TOTP_TOLERANCE = 1  # time steps either way, as RFC 6238 allows
MFA_FORMS = {
    "authenticate": "apps.accounts.second_factor.SecondFactorForm",
    "reauthenticate": "apps.accounts.second_factor.SecondFactorReauthenticateForm",
}
# Without a mail server addresses cannot be verified, which MFA would otherwise require.
MFA_ALLOW_UNVERIFIED_EMAIL = not EMAIL_URL

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.parsing.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.common.parsing.JsonOnlyNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "apps.common.openapi.DocumentSchema",
    "EXCEPTION_HANDLER": "apps.common.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = document_settings(PUBLIC_URL)

# Browsers accept `__Host-` cookies only from this host over https, not from sibling hosts.
_COOKIE_PREFIX = "__Host-" if HTTPS else ""
SESSION_ENGINE = "apps.common.sessions"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrftoken"
DEVICE_COOKIE_NAME = f"{_COOKIE_PREFIX}device"
LANGUAGE_COOKIE_NAME = f"{_COOKIE_PREFIX}django_language"
THEME_COOKIE_NAME = f"{_COOKIE_PREFIX}theme"  # set by frontend/src/pages/theme.ts
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # not in a cookie
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)/?$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS and HSTS != "off" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and HSTS in ("subdomains", "preload")
SECURE_HSTS_PRELOAD = HTTPS and HSTS == "preload"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "apps.common.error_pages.csrf_failure"
# Without TLS (a laptop, a trial) these checks cannot pass; with an https PUBLIC_URL they do.
SILENCED_SYSTEM_CHECKS = [] if HTTPS else ["security.W008", "security.W012", "security.W016"]
# Subdomains may have no TLS, so the setting HSTS decides about them.
SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W005", "security.W021"]
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "apps.common.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        "counts": {"class": "apps.common.telemetry.CountingHandler"},
    },
    "root": {"handlers": ["stderr", "counts"], "level": "WARNING"},
    "loggers": {
        "kreida": {"level": "INFO"},
        # Its lines have full paths, which may have tokens; RequestLogMiddleware replaces them.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "ERROR"},
        "uvicorn": {"level": "WARNING"},
    },
}

environment.check_misspelt_names()

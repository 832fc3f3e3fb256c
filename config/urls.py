from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from apps.accounts.email_confirmation import ConfirmEmailPageView
from apps.accounts.primary_address import EmailPageView
from apps.accounts.second_factor import DeactivateTotpPageView
from apps.common import error_pages, errors, health
from apps.common.api_views import NoSuchPathView, SchemaView
from apps.lessons.feed.views import feed_file
from apps.web.administration import views as administration

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler429 = errors.too_many_requests  # allauth's
handler500 = error_pages.server_error

# The admin's own sign-in and password forms are disabled: staff sign in by allauth, with its second
# factor and limits. `require_safe` keeps signed-in staff from posting to the form as well.
admin_login: Any = secure_admin_login(require_safe(admin.site.login))  # type: ignore[no-untyped-call]
admin_password = RedirectView.as_view(pattern_name="account_change_password")

admin.site.site_header = admin.site.site_title = _("Administration")
admin.site.index_title = _("Overview")

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/", include("apps.accounts.api.urls")),
    path("api/", include("apps.classrooms.api.urls")),
    path("api/", include("apps.classroom.api.urls")),
    path("api/", include("apps.billing.api.urls")),
    path("api/", include("apps.booking.api.urls")),
    path("api/", include("apps.lessons.api.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/", include([path("<path:rest>", NoSuchPathView.as_view())])),
    path("feeds/<str:token>.ics/", feed_file, name="feed-file"),
    path("_allauth/", include("apps.accounts.headless_urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("accounts/confirm-email/<str:key>/", ConfirmEmailPageView.as_view()),
    path("accounts/email/", EmailPageView.as_view()),
    path("accounts/2fa/totp/deactivate/", DeactivateTotpPageView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("admin/login/", admin_login),
    path("admin/password_change/", admin_password),
    path("admin/", admin.site.admin_view(administration.index)),
    path("admin/", admin.site.urls),
    path("", include("apps.web.urls")),
]

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from apps.common import errors, health
from apps.common.api import NoSuchPathView, SchemaView

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/", include("apps.accounts.api.urls")),
    path("api/", include("apps.classrooms.api.urls")),
    path("api/", include("apps.classroom.api.urls")),
    path("api/", include("apps.lessons.api.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/", include([path("<path:rest>", NoSuchPathView.as_view())])),
    path("_allauth/", include("allauth.headless.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("apps.web.urls")),
]

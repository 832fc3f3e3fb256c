from django.urls import include, path

app_name = "web"
urlpatterns = [
    path("", include("apps.web.home.urls")),
    path("", include("apps.web.account.urls")),
    path("", include("apps.web.personal_data.urls")),
    path("", include("apps.web.pwa.urls")),
    path("", include("apps.web.notifications.urls")),
    path("", include("apps.web.today.urls")),
    path("", include("apps.web.calendar.urls")),
    path("", include("apps.web.feed.urls")),
    path("", include("apps.web.holidays.urls")),
    path("", include("apps.web.booking.urls")),
    path("", include("apps.web.availability.urls")),
    path("", include("apps.web.policy.urls")),
    path("", include("apps.web.ledger.urls")),
    path("", include("apps.web.first_lessons.urls")),
    path("", include("apps.web.students.urls")),
    path("", include("apps.web.roster.urls")),
    path("", include("apps.web.classrooms.urls")),
    path("", include("apps.web.lessons.urls")),
    path("", include("apps.web.series.urls")),
    path("", include("apps.web.room.urls")),
    path("", include("apps.web.invites.urls")),
    path("", include("apps.web.payments.urls")),
    path("", include("apps.web.statements.urls")),
]

from django.urls import include, path

from apps.web.views import (
    invitations,
    invites,
    joining,
    lesson_log,
    room,
)

app_name = "web"
urlpatterns = [
    path("", include("apps.web.home.urls")),
    path("", include("apps.web.account.urls")),
    path("", include("apps.web.calendar.urls")),
    path("", include("apps.web.students.urls")),
    path("", include("apps.web.roster.urls")),
    path("", include("apps.web.classrooms.urls")),
    path("", include("apps.web.lessons.urls")),
    path("memberships/<int:membership_id>/accept/", joining.accept, name="accept"),
    path("memberships/<int:membership_id>/decline/", joining.decline, name="decline"),
    path("memberships/<int:membership_id>/leave/", joining.leave, name="leave"),
    path("classrooms/invitation/", invitations.invitation, name="invitation"),
    path("classrooms/invitation/<str:token>/", invitations.open_link, name="invitation-link"),
    path("join/", joining.join, name="join"),
    path("join/<str:code>/", joining.join, name="join-code"),
    path("lessons/<int:lesson_id>/room/", room.room_page, name="room"),
    path("lessons/<int:lesson_id>/record/", lesson_log.lesson_log, name="lesson-record"),
    path("invite/", invites.resolve_invite, name="invite"),
    path("invite/guest/", invites.enter_as_guest, name="invite-guest"),
    path("invite/<str:token>/", invites.open_link, name="invite-link"),
]

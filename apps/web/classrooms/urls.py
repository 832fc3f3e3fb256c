from django.urls import path

from apps.web.classrooms.views import classrooms, invitations, joining, members

urlpatterns = [
    path("classrooms/", classrooms.classrooms, name="classrooms"),
    path("classrooms/<int:classroom_id>/", classrooms.classroom, name="classroom"),
    path("classrooms/<int:classroom_id>/archive/", classrooms.archive, name="classroom-archive"),
    path("classrooms/<int:classroom_id>/restore/", classrooms.restore, name="classroom-restore"),
    path("classrooms/<int:classroom_id>/code/", classrooms.rotate_code, name="classroom-code"),
    path(
        "classrooms/<int:classroom_id>/joining/", classrooms.set_joining, name="classroom-joining"
    ),
    path("classrooms/<int:classroom_id>/qr.svg/", classrooms.join_qr_code, name="classroom-qr"),
    path("classrooms/<int:classroom_id>/invite/", members.invite, name="member-invite"),
    path("memberships/<int:membership_id>/", members.change, name="member"),
    path("memberships/<int:membership_id>/accept/", joining.accept, name="accept"),
    path("memberships/<int:membership_id>/decline/", joining.decline, name="decline"),
    path("memberships/<int:membership_id>/leave/", joining.leave, name="leave"),
    path("classrooms/invitation/", invitations.invitation, name="invitation"),
    path("classrooms/invitation/<str:token>/", invitations.open_link, name="invitation-link"),
    path("join/", joining.join, name="join"),
    path("join/<str:code>/", joining.join, name="join-code"),
]

from django.urls import path

from apps.classrooms.api import views

urlpatterns = [
    path("classrooms/", views.ClassroomsView.as_view(), name="classrooms"),
    path("classrooms/join/", views.JoinView.as_view(), name="classroom-join"),
    path("classrooms/<int:classroom_id>/", views.ClassroomView.as_view(), name="classroom"),
    path(
        "classrooms/<int:classroom_id>/members/",
        views.MembersView.as_view(),
        name="classroom-members",
    ),
    path("memberships/<int:membership_id>/", views.MembershipView.as_view(), name="membership"),
    path(
        "memberships/<int:membership_id>/accept/",
        views.AcceptView.as_view(),
        name="membership-accept",
    ),
    path(
        "memberships/<int:membership_id>/decline/",
        views.DeclineView.as_view(),
        name="membership-decline",
    ),
    path(
        "memberships/<int:membership_id>/leave/",
        views.LeaveView.as_view(),
        name="membership-leave",
    ),
    path(
        "memberships/<int:membership_id>/link/",
        views.InvitationLinkView.as_view(),
        name="membership-link",
    ),
    path("classroom/my-students/", views.MyStudentsView.as_view(), name="my-students"),
]

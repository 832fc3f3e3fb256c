from django.urls import path

from apps.lessons.api import (
    change_views,
    feed_views,
    holiday_views,
    participant_views,
    series_views,
    student_views,
    views,
)

urlpatterns = [
    path("lessons/", views.LessonsView.as_view(), name="lessons"),
    path("lessons/<int:lesson_id>/", views.LessonView.as_view(), name="lesson"),
    path(
        "lessons/<int:lesson_id>/students/",
        participant_views.ParticipantsView.as_view(),
        name="lesson-students",
    ),
    path("lessons/<int:lesson_id>/room/", views.RoomView.as_view(), name="lesson-room"),
    path("lessons/<int:lesson_id>/invite/", views.InviteView.as_view(), name="lesson-invite"),
    path(
        "lessons/<int:lesson_id>/invites/revoke/",
        views.RevokeInvitesView.as_view(),
        name="lesson-invites-revoke",
    ),
    path("students/", student_views.StudentsView.as_view(), name="students"),
    path("students/<int:student_id>/", student_views.StudentView.as_view(), name="student"),
    path(
        "students/<int:student_id>/invite/",
        student_views.StudentInviteView.as_view(),
        name="student-invite",
    ),
    path("me/feed/", feed_views.FeedView.as_view(), name="feed"),
    path("me/feed/rotate/", feed_views.FeedRotateView.as_view(), name="feed-rotate"),
    path(
        "lessons/<int:lesson_id>/changes/preview/",
        change_views.ChangePreviewView.as_view(),
        name="lesson-changes-preview",
    ),
    path("me/holidays/", holiday_views.HolidaysView.as_view(), name="holidays"),
    path("me/holidays/<int:holiday_id>/", holiday_views.HolidayView.as_view(), name="holiday"),
    path("lesson-changes/", change_views.LessonChangesView.as_view(), name="lesson-changes"),
    path(
        "lesson-changes/<int:change_id>/undo/",
        change_views.UndoView.as_view(),
        name="lesson-change-undo",
    ),
    path("lesson-series/", series_views.SeriesListView.as_view(), name="lesson-series-list"),
    path(
        "lesson-series/preview/",
        series_views.SeriesPreviewView.as_view(),
        name="lesson-series-preview",
    ),
    path("lesson-series/<int:series_id>/", series_views.SeriesView.as_view(), name="lesson-series"),
    path(
        "lesson-series/<int:series_id>/restart/",
        series_views.SeriesRestartView.as_view(),
        name="lesson-series-restart",
    ),
    path(
        "lesson-series/<int:series_id>/lessons/",
        series_views.SeriesLessonsView.as_view(),
        name="lesson-series-lessons",
    ),
    path("lesson-invites/resolve/", views.ResolveInviteView.as_view(), name="invite-resolve"),
]

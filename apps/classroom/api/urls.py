from django.urls import include, path

from apps.classroom.api import join, views

room = [
    path("join/", join.JoinRoomView.as_view(), name="room-join"),
    path("files/", views.FilesView.as_view(), name="room-files"),
    path("files/<uuid:file_uuid>/", views.FileView.as_view(), name="room-file"),
    path("board/", views.BoardView.as_view(), name="room-board"),
    path("history/", views.HistoryView.as_view(), name="room-history"),
    path("history/<int:version_id>/", views.VersionView.as_view(), name="room-version"),
    path("history/<int:version_id>/restore/", views.RestoreView.as_view(), name="room-restore"),
    path("notes/", views.NotesView.as_view(), name="room-notes"),
    path("attendance/", views.AttendanceView.as_view(), name="room-attendance"),
    path("chat/", views.ChatView.as_view(), name="room-chat"),
]
urlpatterns = [path("classroom/sessions/<uuid:session_uuid>/", include(room))]

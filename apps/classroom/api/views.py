"""Endpoints of a room's pictures, history, notes, attendance and chat."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.classroom import queries
from apps.classroom.access import AuthorizedRoom, access_room
from apps.classroom.api import serializers
from apps.classroom.carrying import find_picture
from apps.classroom.files import save_picture
from apps.classroom.history import encode_board, encode_version, restore_board
from apps.classroom.models import BoardFile, BoardVersion, ClassroomSession
from apps.classroom.queries import Row
from apps.classroom.services import write_notes
from apps.common.errors import forbidden, invalid, not_found
from apps.common.etags import ETAG, IF_MATCH, compute_version, etag, parse_if_match
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import MAX_ID
from apps.common.request_body import continue_response, is_body_pending
from apps.common.security_log import logged_refusals

_PICTURE: Any = {
    (200, f"image/{kind}"): OpenApiResponse(OpenApiTypes.BINARY, "The picture.")
    for kind in ("png", "jpeg", "webp", "gif")
}
_STATE: Any = {
    (200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, "The Yjs update.")
}
# Errors of `access_room`; some of them only concern guests.
ROOM_ERRORS = ("not_a_member", "not_found", "lesson_cancelled", "invite_invalid", "invite_expired")


class RoomView(APIView):
    """Allows requests without an account: `access_room` authorises the room's guests."""

    permission_classes = [AllowAny]


def file_json(room: UUID, file: BoardFile) -> Row:
    return {
        "id": file.uuid,
        "url": f"/api/classroom/sessions/{room}/files/{file.uuid}/",
        "mime_type": file.mime_type,
        "size": file.size,
    }


class FilesView(RoomView):
    parser_classes = [MultiPartParser]

    @documented(
        "room_files_create",
        "Upload a picture for the board",
        {201: serializers.BoardFileSerializer},
        body={"multipart/form-data": serializers.BoardFileCreateSerializer},
        errors=ROOM_ERRORS,
        description="PNG, JPEG, WebP or GIF, at most 10 MiB. Metadata is removed.",
    )
    def post(self, request: Request, session_uuid: UUID) -> HttpResponse:
        with logged_refusals("upload_refused", request):
            room = access_room(request.user, request.session, session_uuid)
        if is_body_pending(request):
            return continue_response()
        data = serializers.BoardFileCreateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        with logged_refusals("upload_refused", request):
            file = save_picture(
                session_id=room.session_id,
                tutor_id=room.access.lesson.tutor_id,
                person=room.person.key,
                upload=data.validated_data["file"],
            )
        return json_response(file_json(session_uuid, file), 201)


class FileView(RoomView):
    @documented(
        "room_files_retrieve",
        "Download a picture of the board",
        _PICTURE,
        errors=ROOM_ERRORS,
        description="The picture as it was uploaded, without its metadata.",
    )
    def get(self, request: Request, session_uuid: UUID, file_uuid: UUID) -> FileResponse:
        room = access_room(request.user, request.session, session_uuid)
        file = find_picture(room.session_id, file_uuid)
        if file is None:
            raise not_found()
        response = FileResponse(file.file.open(), content_type=file.mime_type)
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response


class BoardView(RoomView):
    @documented(
        "room_board_retrieve",
        "Download the board",
        _STATE,
        errors=ROOM_ERRORS,
        description="The whole board as one Yjs update (encoding version 1), as stored up to a "
        "tenth of a second ago; for looking at it without entering the room. Not for guests.",
    )
    def get(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid)
        if room.readable_since is not None:
            raise forbidden()
        return HttpResponse(encode_board(room.session_id), content_type="application/octet-stream")


class HistoryView(RoomView):
    @documented(
        "room_history_list",
        "List earlier versions of the board",
        {200: serializers.BoardVersionListSerializer},
        errors=ROOM_ERRORS,
        description="Oldest first. A guest sees those since their admission.",
    )
    def get(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid)
        return json_response({"results": queries.versions(room.session_id, room.readable_since)})


def _get_version(room: AuthorizedRoom, version_id: int) -> BoardVersion:
    versions = BoardVersion.objects.filter(session=room.session_id)
    version = versions.filter(pk=min(version_id, MAX_ID)).first()
    since = room.readable_since
    if version is None or (since is not None and version.created_at < since):
        raise not_found()
    return version


class VersionView(RoomView):
    @documented(
        "room_history_retrieve",
        "Download an earlier version of the board",
        _STATE,
        errors=ROOM_ERRORS,
        description="The whole board as one Yjs update (encoding version 1).",
    )
    def get(self, request: Request, session_uuid: UUID, version_id: int) -> HttpResponse:
        version = _get_version(access_room(request.user, request.session, session_uuid), version_id)
        return HttpResponse(encode_version(version), content_type="application/octet-stream")


class RestoreView(RoomView):
    @documented(
        "room_history_restore",
        "Restore an earlier version of the board",
        {204: None},
        errors=ROOM_ERRORS,
        description="By the tutor. Everybody in the room sees it at once; the state before it "
        "becomes a version too.",
    )
    def post(self, request: Request, session_uuid: UUID, version_id: int) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid, moderating=True)
        version = _get_version(room, version_id)
        restore_board(
            session_id=room.session_id,
            tutor_id=room.access.lesson.tutor_id,
            room=session_uuid,
            version=version,
        )
        return HttpResponse(status=204)


def _notes_response(text: str) -> HttpResponse:
    response = json_response({"text": text})
    response["ETag"] = etag(compute_version(text))
    return response


class NotesView(RoomView):
    @documented(
        "room_notes_retrieve",
        "Get the tutor's private notes",
        {200: serializers.NotesSerializer},
        query=[ETAG],
        errors=ROOM_ERRORS,
        description="By the tutor alone.",
    )
    def get(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid, moderating=True)
        notes = ClassroomSession.objects.filter(pk=room.session_id).values_list("notes")
        return _notes_response(notes.get()[0])

    @documented(
        "room_notes_update",
        "Replace the tutor's private notes",
        {200: serializers.NotesSerializer},
        body=serializers.NotesUpdateSerializer,
        query=[IF_MATCH, ETAG],
        errors=[*ROOM_ERRORS, "precondition_failed"],
        description="By the tutor alone.",
    )
    def put(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid, moderating=True)
        data = serializers.NotesUpdateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        text = data.validated_data["text"]
        write_notes(session_id=room.session_id, text=text, seen=parse_if_match(request))
        return _notes_response(text)


class AttendanceView(RoomView):
    @documented(
        "room_attendance_list",
        "List who was in the room, and when",
        {200: serializers.AttendanceIntervalListSerializer},
        errors=ROOM_ERRORS,
        description="By the time of joining; an interruption of up to 30 seconds is not one. "
        "`left_at` is null while somebody is there. Made of the newest 1,000 connections.",
    )
    def get(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid)
        intervals = queries.attendance(room.session_id, timezone.now(), room.readable_since)
        return json_response({"results": intervals})


class ChatView(RoomView):
    @documented(
        "room_chat_list",
        "List chat messages",
        {200: serializers.ChatMessagePageSerializer},
        query=[serializers.ChatQuerySerializer],
        errors=ROOM_ERRORS,
        description="The newest page unless `before` is given; within a page the oldest comes "
        "first. A guest sees messages since their admission.",
    )
    def get(self, request: Request, session_uuid: UUID) -> HttpResponse:
        room = access_room(request.user, request.session, session_uuid)
        query = serializers.ChatQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = queries.chat(room.session_id, since=room.readable_since, **query.validated_data)
        if page is None:
            raise invalid(before=_("Message not found."))
        return json_response(page)

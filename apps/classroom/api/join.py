"""Joining the room of a lesson: issues the ticket for the sockets."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.authentication import get_session_key
from apps.accounts.models import User
from apps.classroom import guest_sessions
from apps.classroom.access import join_room
from apps.classroom.access_state import login_for
from apps.classroom.ice import ice_servers
from apps.classroom.policies import Role, must_wait
from apps.classroom.realtime.server import tickets
from apps.common.json import json_response
from apps.common.openapi import documented, example
from apps.common.parsing import NameField, TextField, drop_nulls
from apps.common.rate_limits import check_rate_limit


@example({"invite": "eyJsZXNzb24iOjd9.c2lnbmF0dXJl", "name": "Maria"})
class RoomJoinSerializer(serializers.Serializer[Any]):
    invite = TextField(required=False, allow_null=True, max_length=2000)
    name = NameField(
        required=False,
        allow_null=True,
        max_length=guest_sessions.MAX_NAME,
        help_text="Name of a guest without an account; kept in the session.",
    )


class IceServerSerializer(serializers.Serializer[Any]):
    urls = serializers.ListField(child=serializers.CharField())
    username = serializers.CharField()
    credential = serializers.CharField()


@example(
    {
        "ticket": "eyJyb29tIjoiMGI5ZiJ9.c2lnbmF0dXJl",
        "expires_at": "2026-03-02T15:01:00Z",
        "role": "student",
        "events_url": "wss://kreida.example/ws/classroom/0b9f5c1e-6a0f-4a58-9d3c-1f6f5f7f2a10/events",
        "board_url": "wss://kreida.example/ws/classroom/0b9f5c1e-6a0f-4a58-9d3c-1f6f5f7f2a10/board",
        "ice_servers": [
            {
                "urls": ["turn:kreida.example:3478"],
                "username": "1772467260:u2",
                "credential": "c2VjcmV0",
            }
        ],
    }
)
class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()
    role = serializers.ChoiceField(choices=[role.value for role in Role])
    events_url = serializers.CharField()
    board_url = serializers.CharField()
    ice_servers = IceServerSerializer(many=True)


class JoinRoomView(APIView):
    permission_classes = [AllowAny]

    @documented(
        "room_join",
        "Join a room",
        {200: TicketSerializer},
        body=RoomJoinSerializer,
        errors=[
            "not_a_member",
            "not_found",
            "lesson_not_found",
            "lesson_cancelled",
            "invite_invalid",
            "invite_expired",
        ],
        description="By the lesson's tutor or student, or by a guest with an `invite`. The ticket "
        "lives about a minute and opens both sockets as `?ticket=…`.",
    )
    def post(self, request: Request, session_uuid: UUID) -> HttpResponse:
        if not request.user.is_authenticated:  # a whole class with accounts may reconnect at once
            check_rate_limit(request, "invite")
        data = RoomJoinSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        user, now = request.user, timezone.now()
        login = login_for(user, get_session_key(request)) if isinstance(user, User) else None
        person, access = join_room(
            user, request.session, session_uuid, login=login, **data.validated_data
        )
        ticket, expires_at = tickets.issue(room=session_uuid, person=person, now=now)
        return json_response(
            {
                "ticket": ticket,
                "expires_at": expires_at,
                "role": person.role,
                "events_url": _socket_url(request, session_uuid, "events"),
                "board_url": _socket_url(request, session_uuid, "board"),
                "ice_servers": [] if must_wait(access, person) else ice_servers(person.key, now),
            }
        )


def _socket_url(request: Request, room: UUID, kind: str) -> str:
    """The socket's URL on the host of this request, with ws(s) in place of http(s)."""
    url = request.build_absolute_uri(f"/ws/classroom/{room}/{kind}")
    return f"ws{url.removeprefix('http')}"

"""Joining the room of a lesson: identifies the person and issues the ticket for the sockets."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.authentication import get_session_key
from apps.accounts.models import User
from apps.classroom import guest_sessions
from apps.classroom.access import refusal_error
from apps.classroom.ice import ice_servers
from apps.classroom.policies import Login, Person, Role, RoomAccess, must_wait, refusal
from apps.classroom.realtime.server import tickets
from apps.classroom.room_access import find_room_access, login_for
from apps.common import tokens
from apps.common.errors import DomainError, forbidden, invalid, not_found
from apps.common.json import json_response
from apps.common.openapi import documented, example
from apps.common.parsing import NameField, TextField, drop_nulls
from apps.common.pasted import clean_token
from apps.common.rate_limits import check_rate_limit
from apps.lessons.errors import invite_invalid
from apps.lessons.invites import PURPOSE, read_invite
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, may


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
        lesson = Lesson.objects.filter(session__uuid=session_uuid).first()
        if lesson is None:
            raise not_found()
        now = timezone.now()
        person = _identify(request, lesson, session_uuid, data.validated_data)
        access = _require_access(session_uuid, person, now)
        if person.role is Role.GUEST:
            guest_sessions.save_guest(request.session, session_uuid, person)
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


def _identify(request: Request, lesson: Lesson, room: UUID, fields: dict[str, Any]) -> Person:
    """The lesson's tutor or student, or a guest by an invite or by an earlier join.

    Raises `not_authenticated` or `forbidden` without either, and the errors of `read_invite`.
    """
    user = request.user if isinstance(request.user, User) else None
    login = login_for(user, get_session_key(request)) if user else None
    if user is not None and may(user, Action.ENTER, lesson):
        role = Role.TUTOR if may(user, Action.EDIT, lesson) else Role.STUDENT
        return Person(f"u{user.pk}", user.get_full_name(), role, login=login)
    remembered = guest_sessions.load_guest(request.session, room, user.pk if user else None)
    if remembered is not None and ("invite" not in fields or _is_invite_revoked(fields["invite"])):
        return replace(remembered, login=login)
    if "invite" not in fields:
        raise forbidden() if user else NotAuthenticated
    if user is not None:
        return _guest_person(fields["invite"], lesson, f"u{user.pk}", user.get_full_name(), login)
    key = remembered.key if remembered else guest_sessions.new_guest_key()
    name = fields.get("name", "") or (remembered.name if remembered else "")
    return _guest_person(fields["invite"], lesson, key, name)


def _is_invite_revoked(invite: str) -> bool:
    """True for an invalid or revoked invite: a remembered guest then keeps their identity.

    Whether that guest may still enter is decided by the room's policy.
    """
    try:
        read_invite(invite)
    except DomainError as exc:
        return exc.code == "invite_invalid"
    return False


def _guest_person(
    invite: str, lesson: Lesson, key: str, name: str, login: Login | None = None
) -> Person:
    if read_invite(invite).pk != lesson.pk:
        raise invite_invalid()
    if not name:
        raise invalid(name=_("Write your name."))
    claims = tokens.read(PURPOSE, clean_token(invite))
    return Person(key, name, Role.GUEST, claims["gen"], claims["exp"], login)


def _require_access(room: UUID, person: Person, now: datetime) -> RoomAccess:
    found = find_room_access(room, person)
    if found is None:
        raise not_found()
    _session_id, access = found
    reason = refusal(access, person, now)
    if reason is not None:
        raise refusal_error(reason)
    return access


def _socket_url(request: Request, room: UUID, kind: str) -> str:
    """The socket's URL on the host of this request, with ws(s) in place of http(s)."""
    url = request.build_absolute_uri(f"/ws/classroom/{room}/{kind}")
    return f"ws{url.removeprefix('http')}"

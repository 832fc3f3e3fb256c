from django.db import transaction
from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.accounts.notifications.preferences import (
    Preferences,
    check_quiet_hours,
    load_preferences,
    save_preferences,
)
from apps.accounts.notifications.serializers import (
    NotificationSettingsSerializer,
    NotificationSettingsUpdateSerializer,
)
from apps.accounts.requests import AuthenticatedRequest
from apps.common.json import json_response
from apps.common.openapi import documented


def _settings_response(user: User) -> HttpResponse:
    return json_response(NotificationSettingsSerializer(load_preferences(user.pk)).data)


class NotificationSettingsView(APIView):
    @documented(
        "me_notifications_retrieve",
        "Get how you are reminded of lessons",
        {200: NotificationSettingsSerializer},
        description="By default by e-mail, a day and an hour before a lesson, at any time of day.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        return _settings_response(request.user)

    @documented(
        "me_notifications_update",
        "Change how you are reminded of lessons",
        {200: NotificationSettingsSerializer},
        body=NotificationSettingsUpdateSerializer,
        description=(
            "Fields that are left out stay as they are. A reminder that falls into the quiet hours "
            "is sent when they end; if that is too late for the lesson, just before they begin."
        ),
    )
    def put(self, request: AuthenticatedRequest) -> HttpResponse:
        data = NotificationSettingsUpdateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        with transaction.atomic():
            User.objects.select_for_update().get(pk=request.user.pk)
            changed = Preferences(
                **{**vars(load_preferences(request.user.pk)), **data.validated_data}
            )
            check_quiet_hours(changed)
            save_preferences(request.user, changed)
        return _settings_response(request.user)

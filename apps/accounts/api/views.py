from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.api.serializers import Me, MeInput
from apps.accounts.requests import SignedIn
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import without_nulls


class MeView(APIView):
    @documented("Who I am", {200: Me})
    def get(self, request: SignedIn) -> HttpResponse:
        return json_response(Me(request.user).data)

    @documented("Change my names, time zone or language", {200: Me}, body=MeInput)
    def patch(self, request: SignedIn) -> HttpResponse:
        data = MeInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        for name, value in data.validated_data.items():
            setattr(request.user, name, value)
        request.user.save(update_fields=list(data.validated_data))
        return json_response(Me(request.user).data)

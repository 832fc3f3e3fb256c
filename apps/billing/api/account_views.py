from datetime import date
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.billing.access import (
    access_account,
    access_entry,
    access_own_account,
    access_pack,
)
from apps.billing.accounts import (
    account_json,
    entry_json,
    get_account,
    list_entries,
    pack_json,
    rate_json,
    set_rate,
    update_account,
)
from apps.billing.api import serializers
from apps.billing.balances import get_left
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.limits import ENTRIES, count_use
from apps.billing.models import Pack
from apps.billing.packs import freeze_pack, thaw_pack
from apps.billing.report import accounts_csv
from apps.common.idempotency import PARAMETER as IDEMPOTENCY_KEY
from apps.common.idempotency import parse_idempotency_key
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls

_CSV: Any = {(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "The file.")}


class AccountView(APIView):
    @documented(
        "accounts_retrieve",
        "Get a student’s account",
        {200: serializers.AccountSerializer},
        query=[serializers.AccountQuerySerializer],
        errors=["not_found"],
        description="By the tutor or the student: the sums of its entries, and what lessons cost.",
    )
    def get(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        query = serializers.AccountQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        account = access_account(request.user, student_id, **query.validated_data)
        update_account(account, timezone.now())
        return json_response(account_json(account))


class RateView(APIView):
    @documented(
        "accounts_rate_update",
        "Set what a student’s lessons cost",
        {200: serializers.RateSerializer},
        body=serializers.RateSerializer,
        errors=["not_found"],
        description="By the tutor. Lessons that are due already are charged by the rate before. "
        "Lessons that were over before the first rate or pack are not charged.",
    )
    def put(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        account = access_own_account(request.user, student_id)
        data = serializers.RateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        stored = get_account(account.tutor, account.get_student())
        rate = set_rate(account=stored, now=timezone.now(), **data.validated_data)
        return json_response(rate_json(rate))


class AccountEntriesView(APIView):
    @documented(
        "accounts_entries_list",
        "List the entries of an account",
        {200: serializers.AccountEntryListSerializer},
        query=[serializers.EntriesQuerySerializer],
        errors=["not_found"],
        description="By the tutor or the student, the newest first.",
    )
    def get(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        query = serializers.EntriesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        tutor_id = query.validated_data.get("tutor_id")
        account = access_account(request.user, student_id, tutor_id)
        update_account(account, timezone.now())
        entries = list_entries(account)
        page = entries[query.page.offset : query.page.stop]
        return json_response({"count": entries.count(), "results": list(map(entry_json, page))})

    @documented(
        "accounts_entries_create",
        "Add an entry to an account",
        {201: serializers.AccountEntrySerializer},
        body=serializers.AccountEntryCreateSerializer,
        query=[IDEMPOTENCY_KEY],
        errors=["not_found"],
        description="By the tutor. Entries are never changed or deleted, only reversed.",
    )
    def post(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        account = access_own_account(request.user, student_id)
        data = serializers.AccountEntryCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        stored = get_account(account.tutor, account.get_student())
        update_account(stored, timezone.now())
        count_use(request.user, "entries", ENTRIES, timezone.now())
        entry = append_entry(
            account=stored,
            created_by=request.user,
            idempotency=parse_idempotency_key(request, data.validated_data),
            **data.validated_data,
        )
        return json_response(entry_json(entry), 201)


class ReverseEntryView(APIView):
    @documented(
        "accounts_entries_reverse",
        "Reverse an entry",
        {201: serializers.AccountEntrySerializer},
        body=serializers.NoteSerializer,
        errors=["not_found", "already_reversed"],
        description="By the tutor: adds an entry of the opposite amount. A charge that was "
        "reversed is not made again.",
    )
    def post(self, request: AuthenticatedRequest, entry_id: int) -> HttpResponse:
        entry = access_entry(request.user, entry_id)
        data = serializers.NoteSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        reversal = reverse_entry(
            entry=entry, created_by=request.user, note=data.validated_data["note"]
        )
        return json_response(entry_json(reversal), 201)


class FreezePackView(APIView):
    @documented(
        "accounts_packs_freeze",
        "Freeze a pack of lessons",
        {200: serializers.PackSerializer},
        errors=["not_found"],
        description="By the tutor: until it is unfrozen it is neither used nor expires. Lessons "
        "that are due already are charged before.",
    )
    def post(self, request: AuthenticatedRequest, pack_id: int) -> HttpResponse:
        pack = access_pack(request.user, pack_id)
        freeze_pack(pack=pack, now=timezone.now())
        return _pack_response(pack)


class UnfreezePackView(APIView):
    @documented(
        "accounts_packs_unfreeze",
        "Unfreeze a pack of lessons",
        {200: serializers.PackSerializer},
        errors=["not_found"],
        description="By the tutor: its last day moves by the days for which it was frozen.",
    )
    def post(self, request: AuthenticatedRequest, pack_id: int) -> HttpResponse:
        pack = access_pack(request.user, pack_id)
        thaw_pack(pack=pack, now=timezone.now())
        return _pack_response(pack)


def _pack_response(pack: Pack) -> HttpResponse:
    pack.refresh_from_db()
    return json_response(pack_json(pack, get_left(pack)))


class AccountsReportView(APIView):
    @documented(
        "accounts_report_retrieve",
        "Get all entries of a month as CSV",
        _CSV,
        query=[serializers.MonthQuerySerializer],
        description="By a tutor: every entry of the month with student, lesson, unit, amount and "
        "note, in the tutor’s language and time zone.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponseBase:
        require_tutor(request.user)
        query = serializers.MonthQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        month = date.fromisoformat(f"{query.validated_data['month']}-01")
        lines = accounts_csv(request.user, month, timezone.now())
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="accounts-{month:%Y-%m}.csv"'
        return response

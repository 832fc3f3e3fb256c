"""Parsers for input: JSON bodies, serializer fields and query parameters."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Any
from zoneinfo import ZoneInfo

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from apps.common.text import MAX_NAME, clean_email, clean_name, clean_text, is_blank

MAX_ID = 2**63 - 1
# Far enough from datetime's limits that converting between time zones cannot overflow.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_PLUS_AS_SPACE = re.compile(r"(?<=\d) (?=\d\d(:?\d\d)?$)", re.ASCII)
# `fromisoformat` also accepts any separator between date and time, and NUL before the offset.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)", re.ASCII
)


_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class JsonParser(BaseParser):
    """Strict JSON (RFC 8259) in UTF-8, without NaN or lone surrogates; ignores the charset."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read()
        if not body:
            return {}
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise ParseError(_("The body is not valid JSON.")) from exc


class JsonOnlyNegotiation(BaseContentNegotiation):
    """Content negotiation that ignores `Accept`, because responses are always JSON."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer; strings, fractions and booleans are invalid."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(StrictIntegerField):
    """A database id: from 1 to 2^63-1."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **kwargs)


class IdListField(serializers.ListField):
    """Reports the first bad id under the field's own name."""

    child = IdField()

    def run_child_validation(self, data: Any) -> Any:
        try:
            return super().run_child_validation(data)
        except serializers.ValidationError as exc:
            by_index: Any = exc.detail
            raise serializers.ValidationError(next(iter(by_index.values()))) from exc


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean; strings and numbers are invalid."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """A JSON string, cleaned by `clean_text` unless it is not trimmed; numbers are invalid."""

    def __init__(self, *, multiline: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiline = multiline

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if self.trim_whitespace and isinstance(data, str):
            data = self._clean(data)
        return super().run_validation(data)

    def _clean(self, typed: str) -> str:
        if "\0" in typed:  # refused by a validator of the field
            return typed
        return clean_text(typed, multiline=self.multiline, max_length=self.max_length)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OneOfField(serializers.ChoiceField):
    """A choice field whose error message lists the choices."""

    default_error_messages = {"invalid_choice": gettext_lazy("Must be one of: {choices}.")}

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choice_strings_to_values:
            self.fail("invalid_choice", choices=", ".join(self.choice_strings_to_values))
        return self.choice_strings_to_values[data]


class NameField(TextField):
    """A name, cleaned by `clean_name`."""

    def _clean(self, typed: str) -> str:
        return "" if is_blank(typed) else typed  # `clean_name` refuses what `clean_text` removes

    def to_internal_value(self, data: Any) -> str:
        return clean_name(super().to_internal_value(data), self.max_length or MAX_NAME)


class AddressField(serializers.EmailField):
    """An e-mail address, cleaned by `clean_email`."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return clean_email(data)


class InstantField(serializers.DateTimeField):
    """An ISO 8601 date and time with an offset, converted to UTC."""

    default_error_messages = {
        "invalid": gettext_lazy(
            "Enter a date and time with an offset, such as 2026-03-02T15:00:00Z."
        ),
        "range": gettext_lazy("The year must be between 1900 and 2199."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        instant = parse_instant(value) if isinstance(value, str) else None
        if instant is None:
            self.fail("invalid")
        if not EARLIEST <= instant < LATEST:
            self.fail("range")
        return instant


class LocalTimeField(serializers.Field[datetime, Any, str, Any]):
    """Wall-clock time without an offset, such as 2026-10-19T17:00."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter a date and time without an offset: 2026-10-19T17:00."),
        "range": InstantField.default_error_messages["range"],
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _LOCAL_TIME.fullmatch(data):
            self.fail("invalid")
        try:
            local = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST.year < local.year < LATEST.year:
            self.fail("range")
        return local


class DayField(serializers.Field[date, Any, str, Any]):
    """A date, such as 2026-10-19."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter a date, such as 2026-10-19."),
        "range": InstantField.default_error_messages["range"],
    }

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not _DAY.fullmatch(data):
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not EARLIEST.year < day.year < LATEST.year:
            self.fail("range")
        return day


def parse_instant(text: str) -> datetime | None:
    """Convert ISO 8601 with an offset to UTC; None if the text is anything else."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_query_instant(text: str) -> datetime | date | None:
    """Parse an instant or a date; a space in place of an unescaped `+` is accepted."""
    text = text.strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        return parse_instant(_PLUS_AS_SPACE.sub("+", text))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the start of `day` in `zone`, in UTC. If the clock skips midnight: that transition."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def parse_range(
    query: Mapping[str, str], zone: ZoneInfo, max_span: timedelta
) -> tuple[datetime, datetime]:
    """Parse `from` and `to` into a half-open range in UTC. Raises DRF's ValidationError."""
    errors: dict[str, list[str]] = {}
    ends: list[datetime | date] = []
    for name in ("from", "to"):
        text = query.get(name)
        if not text:
            errors[name] = [_("This parameter is required.")]
            continue
        end = parse_query_instant(text)
        if end is None:
            errors[name] = [_("Enter a date, or a date and time with an offset.")]
        elif not EARLIEST.year < end.year < LATEST.year:
            errors[name] = [_("The year must be between 1901 and 2198.")]
        else:
            ends.append(end)
    if errors:
        raise serializers.ValidationError(errors)
    start, end = (e if isinstance(e, datetime) else midnight(e, zone) for e in ends)
    if end <= start:
        raise serializers.ValidationError({"to": [_("Must be after “from”.")]})
    if _span(ends[0], ends[1], end - start) > max_span:
        raise serializers.ValidationError(
            {"to": [_("At most %(days)s days after “from”.") % {"days": max_span.days}]}
        )
    return start, end


def _span(first: datetime | date, last: datetime | date, elapsed: timedelta) -> timedelta:
    """Return calendar days between two dates, else `elapsed`: a clock change lengthens no day."""
    if isinstance(first, datetime) or isinstance(last, datetime):
        return elapsed
    return last - first


def drop_nulls(data: Any) -> Any:
    """Remove fields that are `null`, which then count as left out."""
    if isinstance(data, dict):
        return {name: value for name, value in data.items() if value is not None}
    return data


def parse_boolean(query: Mapping[str, str], name: str) -> bool:
    """Parse a boolean query parameter, by default False. Raises DRF's ValidationError."""
    text = query.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise serializers.ValidationError({name: [_("Must be true or false.")]})
    return text in ("true", "1")

"""Pagination by `limit` and `offset`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

MAX_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int

    @property
    def stop(self) -> int:
        return self.offset + self.limit


class CountField(serializers.IntegerField):
    """An integer query parameter in ASCII digits; an empty value is invalid."""

    def get_value(self, dictionary: Mapping[Any, Any]) -> Any:
        return dictionary.get(self.field_name, empty)

    def to_internal_value(self, data: Any) -> int:
        if not re.fullmatch(r"-?[0-9]+", str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class LimitQuerySerializer(serializers.Serializer[Page]):
    """Query parameters of a list: `limit` (1–100, by default 20) and `offset`."""

    limit = CountField(min_value=1, max_value=100, default=20, help_text="How many to return.")
    offset = CountField(
        min_value=0, max_value=MAX_OFFSET, default=0, help_text="How many to leave out."
    )

    @property
    def page(self) -> Page:
        return Page(self.validated_data["limit"], self.validated_data["offset"])


class PageQuerySerializer(LimitQuerySerializer):
    """Also has the search `q`."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=200,
        help_text="Words that must all occur, in any order and letter case.",
    )

    @property
    def words(self) -> str:
        return str(self.validated_data["q"])

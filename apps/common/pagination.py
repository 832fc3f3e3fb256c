"""`limit` and `offset` of every list."""

from dataclasses import dataclass

from rest_framework import serializers

MAX_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int

    @property
    def stop(self) -> int:
        return self.offset + self.limit


class PageQuery(serializers.Serializer[Page]):
    """`limit` 1–100, 20 unless told; `offset` ≥ 0."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)
    q = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)

    @property
    def page(self) -> Page:
        return Page(self.validated_data["limit"], self.validated_data["offset"])

    @property
    def words(self) -> str:
        return str(self.validated_data["q"])

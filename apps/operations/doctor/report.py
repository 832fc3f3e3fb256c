"""Results of doctor checks, as lines of text and as JSON."""

import enum
from dataclasses import asdict, dataclass
from typing import Any


class Status(enum.StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Result:
    check: str
    status: Status
    detail: str  # what was found; unless it is well, also what to do


def ok(check: str, detail: str) -> Result:
    return Result(check, Status.OK, detail)


def warning(check: str, detail: str) -> Result:
    return Result(check, Status.WARNING, detail)


def failed(check: str, detail: str) -> Result:
    return Result(check, Status.FAILED, detail)


def worst(results: list[Result]) -> Status:
    found = {result.status for result in results}
    if Status.FAILED in found:
        return Status.FAILED
    return Status.WARNING if Status.WARNING in found else Status.OK


def as_json(results: list[Result]) -> dict[str, Any]:
    return {"status": worst(results), "checks": [asdict(result) for result in results]}


def one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__

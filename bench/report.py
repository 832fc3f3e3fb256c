"""The tables of docs/performance.md."""

import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.measure import Track, rate_ratio

PAGE = Path("docs/performance.md")
_TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", re.DOTALL)


def table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]) + "\n"


def rates(measured: dict[tuple[str, int], list[Track]]) -> str:
    """`measured` holds product, raw and ordinary by case title and number of connections."""
    head = ["endpoint", "connections", "product", "(a) SQL", "(b) ordinary", "÷ (a)", "÷ (b)"]
    rows = [
        [
            title,
            str(connections),
            *(_figures(track) for track in tracks),
            f"{rate_ratio(tracks[0], tracks[1]):.2f}",
            f"{rate_ratio(tracks[0], tracks[2]):.2f}",
        ]
        for (title, connections), tracks in measured.items()
    ]
    return table(head, rows)


def _figures(track: Track) -> str:
    return f"{track.summary.rate:.0f}/s {track.summary.p50:.0f}/{track.summary.p99:.0f} ms"


def costs(measured: dict[tuple[str, int], list[Track]], scale: dict[str, list[Track]]) -> str:
    """CPU, at 8 connections; `scale` holds the product at many and at few lessons."""
    head = [
        "endpoint",
        "product",
        "(a) SQL",
        "(b) ordinary",
        "product at 10,000",
        "at 1,000,000",
        "CPU ratio",
        "rate ratio",
    ]
    rows = []
    for title, (many, few) in scale.items():
        ways = measured[title, 8]
        rows.append(
            [
                title,
                *(f"{track.cpu_ms:.2f} ms" for track in (*ways, few, many)),
                f"{many.cpu_ms / few.cpu_ms:.2f}",
                f"{rate_ratio(few, many):.2f}",
            ]
        )
    return table(head, rows)


def hostile(rows: list[list[str]]) -> str:
    """Median and longest latency of honest requests, one at a time."""
    return table(["honest requests", "`/healthz`", "calendar range", "sign-ins"], rows)


def ways_to_serve(
    candidates: list[tuple[str, int]],
    rows: list[tuple[str, int, list[Track]]],
    memory: list[float],
) -> str:
    """Rates as parts of the first candidate's, which is how the product is served."""
    head = ["server", "workers", "CPU per range", "largest process"]
    head[2:2] = [f"{title}, {connections}" for title, connections, _tracks in rows]
    lines = []
    for number, (kind, workers) in enumerate(candidates):
        parts = [f"{rate_ratio(tracks[number], tracks[0]):.2f}" for *_case, tracks in rows]
        cpu = f"{rows[0][2][number].cpu_ms:.2f} ms"
        lines.append([kind, str(workers), *parts, cpu, f"{memory[number]:.0f} MB"])
    return table(head, lines)


def setting(postgres: str, processors: int) -> str:
    names = ("Django", "djangorestframework", "psycopg", "msgspec", "uvicorn", "uvloop")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit or 'unknown'}, {processors} processors, "
        f"{platform.system()} {platform.machine()}, Python {sys.version.split()[0]}, "
        f"PostgreSQL {postgres}, {packages}.\n"
    )


def write(tables: str) -> None:
    page = PAGE.read_text()
    if not _TABLES.search(page):
        raise SystemExit(f"{PAGE} has no place marked for the tables.")
    PAGE.write_text(_TABLES.sub(lambda _found: f"\n{tables}\n", page))

"""The tables of `make bench-room`, printed and written into docs/performance-room.md."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.room import crash, hostile, large
from bench.room.run import HOCUSPOCUS, ONE, POSTGRES, TWO, YWS, Report, Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance-room.md"
_TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", re.DOTALL)


def tables(report: Report) -> str:
    parts = [_setting(report), _measured(report.results), _goals(report.results)]
    parts += [_crashes(report.crashes), _beside(report.beside), _beside_large(report.large)]
    return "\n".join(parts)


def _measured(results: dict[str, Result]) -> str:
    head = ["server", "2 peers, updates/s", "20 peers, updates/s", "200/s: p50", "p99"]
    head += ["500 sockets back", "idle room", "filled again", "busy room"]
    rows = []
    for name, result in results.items():
        row = [name, _rate(result.two), _rate(result.twenty)]
        if result.ways:
            row += [f"{result.p50:.1f} ms", f"{result.p99:.1f} ms"]
            row.append(f"{median(result.storms):.2f} s")
        if result.memory is not None:
            seen = result.memory
            row += [f"{kib:.0f} KiB" for kib in (seen.idle, seen.again, seen.busy)]
        rows.append(row + ["–"] * (len(head) - len(row)))
    return _table(head, rows)


def _goals(results: dict[str, Result]) -> str:
    peers = results[YWS], results[HOCUSPOCUS]
    here = [name for name in (ONE, POSTGRES) if name in results]
    rows = []
    for title, of in (("2 peers", "two"), ("20 peers", "twenty")):
        best = [max(pair) for pair in zip(*(getattr(peer, of) for peer in peers), strict=True)]
        ratios = [_ratio(getattr(results[name], of), best) for name in here]
        rows.append([f"{title}, ÷ the better of the two", "≥ 1.00", *ratios])
    rows.append(["p99 at 200/s", "< 10 ms", *(f"{results[name].p99:.1f} ms" for name in here)])
    memories = [results[name].memory for name in here]
    rows.append(["idle room", "< 100 KB", *(f"{m.idle * 1.024:.0f} KB" for m in memories if m)])
    ratios = [_ratio(results[TWO].twenty, results[name].twenty) for name in here]
    rows.append(["two processes ÷ one, 20 peers", "≥ 0.50", *ratios])
    return _table(["", "goal", *here], rows)


def _crashes(crashes: dict[str, crash.Losses]) -> str:
    head = ["SQLite, 16 posting threads, kill -9", "kills", "drawing lost: p50", "max", "goal"]
    rows = []
    for name, lost in crashes.items():
        scheduled, answers = lost.answers[201], sum(lost.answers.values())
        goal = f"< {crash.GOAL} ms" if name == crash.QUEUE else "–"
        row = [name, str(len(lost.ms)), f"{median(lost.ms):.0f} ms", f"{max(lost.ms):.0f} ms", goal]
        rows.append([*row, f"{scheduled / lost.seconds:.0f}", str(answers - scheduled)])
    return _table([*head, "lessons/s", "other answers"], rows)


def _beside(found: dict[str, hostile.Latency]) -> str:
    head = ["strokes of two, beside one who sends", "p50", "p99", "most"]
    rows = [
        [case, f"{one.p50:.1f} ms", f"{one.p99:.1f} ms", f"{one.most:.0f} ms"]
        for case, one in found.items()
    ]
    return _table(head, rows)


def _beside_large(found: dict[str, large.Visit]) -> str:
    head = ["beside a board that is …", "/healthz: most", "stroke: most", "memory", "most so far"]
    names = [f"{name}, {visit.board / 2**20:.1f} MiB" for name, visit in found.items()]
    rows = [["before", "–", "–", _both(visit.before for visit in found.values()), "–"]]
    for pair in zip(*(visit.stages for visit in found.values()), strict=True):
        row = [pair[0].name, _both((one.health for one in pair), " ms")]
        row += [_both((one.stroke for one in pair), " ms"), _both(one.memory for one in pair)]
        rows.append([*row, _both(one.peak for one in pair)])
    return f"Two figures each: {' / '.join(names)}.\n\n{_table(head, rows)}"


def _both(figures: Iterable[float], unit: str = " MiB") -> str:
    return f"{' / '.join(f'{figure:.0f}' for figure in figures)}{unit}"


def _ratio(ours: list[float], theirs: list[float]) -> str:
    """The median over rounds that ran next to each other."""
    return f"{median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}"


def _rate(rates: list[float]) -> str:
    return f"{median(rates):,.0f}" if rates else "–"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _setting(report: Report) -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    ours = [f"{name} {version(name)}" for name in ("pycrdt", "uvicorn", "uvloop", "redis")]
    theirs = [f"{name} {number}" for name, number in report.versions.items()]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit or 'unknown'}, {os.cpu_count()} processors, "
        f"load {report.busy_neighbours:.1f} before the run, {report.seconds:.0f} s, "
        f"Python {platform.python_version()}, {', '.join(ours + theirs)}.\n"
    )


def write(text: str) -> None:
    page = PAGE.read_text()
    if not _TABLES.search(page):
        raise SystemExit(f"{PAGE} has no place marked for the tables.")
    PAGE.write_text(_TABLES.sub(lambda _found: f"\n{text}\n", page))

"""The tables of docs/performance-room.md."""

from collections.abc import Iterable
from statistics import median

from bench.report import environment_line, table
from bench.room import crash, hostile, large, phone
from bench.room.run import HOCUSPOCUS, ONE, POSTGRES, TWO, YWS, Report, Result


def make_tables(report: Report) -> str:
    parts = [
        _environment_line(report),
        _results_table(report.results),
        _goals_table(report.results),
    ]
    parts += [
        _crash_table(report.crashes),
        _attack_table(report.attacks),
        _large_board_table(report.large),
    ]
    return "\n".join(parts)


def _results_table(results: dict[str, Result]) -> str:
    head = ["server", "2 peers, updates/s", "20 peers, updates/s", "200/s: p50", "p99"]
    head += ["500 sockets back", "idle room", "filled again", "busy room"]
    rows = []
    for name, result in results.items():
        row = [name, _rate(result.two), _rate(result.twenty)]
        if result.latencies:
            row += [f"{result.p50:.1f} ms", f"{result.p99:.1f} ms"]
            row.append(f"{median(result.reconnect_seconds):.2f} s")
        if result.memory is not None:
            memory = result.memory
            row += [f"{kib:.0f} KiB" for kib in (memory.idle, memory.reopened, memory.busy)]
        rows.append(row + ["–"] * (len(head) - len(row)))
    return table(head, rows)


def _goals_table(results: dict[str, Result]) -> str:
    peers = results[YWS], results[HOCUSPOCUS]
    kreida_servers = [name for name in (ONE, POSTGRES) if name in results]
    rows = []
    for title, attribute in (("2 peers", "two"), ("20 peers", "twenty")):
        best = [
            max(pair) for pair in zip(*(getattr(peer, attribute) for peer in peers), strict=True)
        ]
        ratios = [_ratio(getattr(results[name], attribute), best) for name in kreida_servers]
        rows.append([f"{title}, ÷ the better of the two", "≥ 1.00", *ratios])
    rows.append(
        ["p99 at 200/s", "< 10 ms", *(f"{results[name].p99:.1f} ms" for name in kreida_servers)]
    )
    memories = [results[name].memory for name in kreida_servers]
    rows.append(["idle room", "< 100 KB", *(f"{m.idle * 1.024:.0f} KB" for m in memories if m)])
    ratios = [_ratio(results[TWO].twenty, results[name].twenty) for name in kreida_servers]
    rows.append(["two processes ÷ one, 20 peers", "≥ 0.50", *ratios])
    return table(["", "goal", *kreida_servers], rows)


def _crash_table(crashes: dict[str, crash.Losses]) -> str:
    head = ["SQLite, 16 posting threads, kill -9", "kills", "drawing lost: p50", "max", "goal"]
    rows = []
    for name, losses in crashes.items():
        scheduled, responses = losses.statuses[201], sum(losses.statuses.values())
        goal = f"< {crash.GOAL} ms" if name == crash.QUEUE else "–"
        row = [
            name,
            str(len(losses.lost_ms)),
            f"{median(losses.lost_ms):.0f} ms",
            f"{max(losses.lost_ms):.0f} ms",
            goal,
        ]
        rows.append([*row, f"{scheduled / losses.seconds:.0f}", str(responses - scheduled)])
    return table([*head, "lessons/s", "other responses"], rows)


def _attack_table(results: dict[str, hostile.Latency]) -> str:
    head = ["strokes of two users while a third sends", "p50", "p99", "max"]
    rows = [
        [case, f"{item.p50:.1f} ms", f"{item.p99:.1f} ms", f"{item.maximum:.0f} ms"]
        for case, item in results.items()
    ]
    return table(head, rows)


def _large_board_table(results: dict[str, large.VisitResult]) -> str:
    head = ["while a large board is …", "/healthz: max", "stroke: max", "memory", "peak"]
    names = [f"{name}, {visit.board / 2**20:.1f} MiB" for name, visit in results.items()]
    rows = [["before", "–", "–", _format_pair(visit.before for visit in results.values()), "–"]]
    for pair in zip(*(visit.stages for visit in results.values()), strict=True):
        row = [pair[0].name, _format_pair((item.health for item in pair), " ms")]
        row += [
            _format_pair((item.stroke for item in pair), " ms"),
            _format_pair(item.memory for item in pair),
        ]
        rows.append([*row, _format_pair(item.peak for item in pair)])
    return f"Two figures each: {' / '.join(names)}.\n\n{table(head, rows)}"


def make_phone_table(delays: dict[str, phone.Delay]) -> str:
    head = [f"Chromium (phone: CPU ÷ {phone.PHONE.slowdown})", "stroke seen after: p50", "p95"]
    rows = [
        [name, *(f"{delay.percentile(percent):.0f} ms" for percent in (50, 95))]
        for name, delay in delays.items()
    ]
    return table(head, rows)


def _format_pair(figures: Iterable[float], unit: str = " MiB") -> str:
    return f"{' / '.join(f'{figure:.0f}' for figure in figures)}{unit}"


def _ratio(ours: list[float], theirs: list[float]) -> str:
    """The median ratio of rounds that ran close together."""
    return f"{median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}"


def _rate(rates: list[float]) -> str:
    return f"{median(rates):,.0f}" if rates else "–"


def _environment_line(report: Report) -> str:
    return environment_line(
        f"load {report.load_before:.1f} before the run",
        f"{report.seconds:.0f} s",
        *(f"{name} {number}" for name, number in report.versions.items()),
        packages=("pycrdt", "uvicorn", "uvloop", "redis"),
    )

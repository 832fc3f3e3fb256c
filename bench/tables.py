"""The tables of docs/performance.md."""

from bench.measure import Measurement, rate_ratio
from bench.report import table


def rates_table(measured: dict[tuple[str, int], list[Measurement]]) -> str:
    """Rates and latencies. `measured` maps a case's title and number of connections to its
    measurements of product, raw and ordinary."""
    head = ["endpoint", "connections", "product", "(a) SQL", "(b) ordinary", "÷ (a)", "÷ (b)"]
    rows = [
        [
            title,
            str(connections),
            *(_format_summary(measurement) for measurement in measurements),
            f"{rate_ratio(measurements[0], measurements[1]):.2f}",
            f"{rate_ratio(measurements[0], measurements[2]):.2f}",
        ]
        for (title, connections), measurements in measured.items()
    ]
    return table(head, rows)


def _format_summary(measurement: Measurement) -> str:
    summary = measurement.summary
    return f"{summary.rate:.0f}/s {summary.p50:.0f}/{summary.p99:.0f} ms"


def cpu_table(
    measured: dict[tuple[str, int], list[Measurement]], scale: dict[str, list[Measurement]]
) -> str:
    """CPU time per request at 8 connections. `scale` maps a case's title to the product's
    measurements with many and with few lessons."""
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
        variants = measured[title, 8]
        rows.append(
            [
                title,
                *(f"{measurement.cpu_ms:.2f} ms" for measurement in (*variants, few, many)),
                f"{many.cpu_ms / few.cpu_ms:.2f}",
                f"{rate_ratio(few, many):.2f}",
            ]
        )
    return table(head, rows)


def sign_ins_table(rows: list[list[str]]) -> str:
    """Median and maximum latencies while others sign in."""
    return table(["requests", "`/healthz`", "calendar range", "sign-ins"], rows)


def series_table(rows: list[list[str]]) -> str:
    return table(["series of 52 lessons", "rate", "p50/p99", "CPU"], rows)


def feeds_table(rows: list[list[str]]) -> str:
    return table(["calendar feed", "connections", "rate", "latency", "CPU time"], rows)


def servers_table(
    candidates: list[tuple[str, int]],
    rows: list[tuple[str, int, list[Measurement]]],
    memory: list[float],
) -> str:
    """Rates of each server relative to the first one, which is the product's."""
    head = ["server", "workers", "CPU per range", "largest process"]
    head[2:2] = [f"{title}, {connections}" for title, connections, _measurements in rows]
    lines = []
    for number, (kind, workers) in enumerate(candidates):
        parts = [
            f"{rate_ratio(measurements[number], measurements[0]):.2f}"
            for *_case, measurements in rows
        ]
        cpu = f"{rows[0][2][number].cpu_ms:.2f} ms"
        lines.append([kind, str(workers), *parts, cpu, f"{memory[number]:.0f} MB"])
    return table(head, lines)

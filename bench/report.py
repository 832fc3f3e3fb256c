"""Markdown tables of both benchmarks, and writing them into their pages."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
_TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", re.DOTALL)


def table(head: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, rule, *rows])


def environment_line(*facts: str, packages: Iterable[str]) -> str:
    """Date, commit and machine of a run, with further `facts` and the versions of `packages`."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    ).stdout.strip()
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"commit {commit or 'unknown'}",
        f"{os.cpu_count()} processors",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *facts,
        *(f"{name} {version(name)}" for name in packages),
    ]
    return f"{', '.join(parts)}.\n"


def write_tables(page: str, tables: str) -> None:
    """Replace the tables of a page in docs/."""
    path = DOCS / page
    text = path.read_text()
    if not _TABLES.search(text):
        raise SystemExit(f"{path} has no marked place for the tables.")
    path.write_text(_TABLES.sub(lambda _match: f"\n{tables}\n", text))

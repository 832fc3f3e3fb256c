"""`python -m bench.balances`: how long an account of 10,000 entries takes to read.

Measures each database in a process of its own, and prints a table. The control is one SQL statement
that adds up the entries of the account by unit, of which none is merged.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.environment import set_environment
from bench.report import table

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench")
ENTRIES, OTHER_ACCOUNTS = 10_000, 20  # the others have as many together
ROUNDS = 100
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_SUM = "SELECT unit, sum(amount) FROM billing_accountentry WHERE account_id = %s GROUP BY unit"


def report() -> str:
    """Measure both databases; return the table of milliseconds."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (
            ("PostgreSQL", f"{URL}_balances"),
            ("SQLite", f"sqlite:///{folder}/balances.sqlite3"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "bench.balances", folder, url],
                stdout=subprocess.PIPE,
                check=True,
            )
            rows.append([name, *done.stdout.decode().split()])
    head = ["account of 10,000 entries, p50/p99 in ms", "balance", "first page", "(a) SQL"]
    return table(head, rows)


def measure(url: str) -> list[str]:
    import django  # noqa: PLC0415

    from bench import servers  # noqa: PLC0415

    if not url.startswith("sqlite"):
        servers.drop_database(url)
        servers.create_database(url)
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from apps.billing.balances import get_balances  # noqa: PLC0415
    from apps.billing.ledger_lines import list_lines  # noqa: PLC0415
    from apps.billing.models import Account  # noqa: PLC0415
    from apps.common.pagination import Page  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    account = Account.objects.select_related("tutor").get(pk=_insert_accounts())
    times = [
        _time(lambda: get_balances(account)),
        _time(lambda: list_lines(account, Page(20, 0))),
        _time(lambda: _execute(_SUM, account.pk)),
    ]
    connection.close()
    if not url.startswith("sqlite"):
        servers.drop_database(url)
    return times


def _insert_accounts() -> int:
    """Insert entries of three units, and of other accounts between them; return the id."""
    from apps.accounts.models import User  # noqa: PLC0415
    from apps.billing.models import Account, AccountEntry  # noqa: PLC0415

    def person(number: int) -> User:
        email = f"person{number}@school.example"
        fields = {"email": email, "first_name": "Олена", "last_name": "Коваль"}
        role = "student" if number else "tutor"
        return User.objects.create(role=role, password="!none", **fields)

    tutor = person(0)
    accounts = [
        Account.objects.create(tutor=tutor, student=person(number))
        for number in range(1, OTHER_ACCOUNTS + 2)
    ]
    units = ("lesson", "UAH", "EUR")
    owners = [accounts[0], *accounts[1:]]
    AccountEntry.objects.bulk_create(
        [
            AccountEntry(
                account=owners[0] if number % 2 else owners[1 + number // 2 % OTHER_ACCOUNTS],
                kind="adjustment",
                unit=units[number // 2 % len(units)],
                amount=Decimal(number % 977 + 1) / 100,
                created_at=FIRST + timedelta(minutes=number),
            )
            for number in range(2 * ENTRIES)
        ],
        batch_size=1000,
    )
    _execute("ANALYZE")
    return accounts[0].pk


def _execute(statement: str, *parameters: object) -> list[object]:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def _time(run: Callable[[], object]) -> str:
    """Median and 99th percentile, after a warm-up."""
    elapsed = []
    for _round in range(ROUNDS + 20):
        began = time.perf_counter()
        run()
        elapsed.append(1000 * (time.perf_counter() - began))
    measured = elapsed[20:]
    return f"{statistics.median(measured):.2f}/{statistics.quantiles(measured, n=100)[98]:.2f}"


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(report())
    else:
        set_environment(sys.argv[1], settings="bench.settings", database_url=sys.argv[2])
        print(*measure(sys.argv[2]))

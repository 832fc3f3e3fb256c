"""Checks this installation, and says what to do about what is not well (docs/operations.md)."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from apps.operations.doctor import machine, services
from apps.operations.doctor.proxy import check_proxy
from apps.operations.doctor.report import Result, Status, as_json, failed, one_line, worst
from apps.operations.doctor.secrets import check_secrets
from apps.operations.doctor.turn import check_turn

WAIT = 45  # seconds: the longest that Kreida takes to answer (apps/common/threads.py)
_MARKS = {Status.OK: "ok", Status.WARNING: "warning", Status.FAILED: "FAILED"}


class Command(BaseCommand):
    help = "Check settings, database, mail, proxy, TURN, worker and backups. Say what to do."
    requires_system_checks = ()  # they are one of the checks

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="write JSON, for monitoring")
        parser.add_argument("--mail-to", metavar="ADDRESS", default="", help="send a message there")
        parser.add_argument(
            "--strict", action="store_true", help="exit status 1 for a warning, too"
        )
        parser.add_argument(
            "--wait", type=int, choices=range(61), metavar="SECONDS", default=WAIT,
            help=f"for how long the proxy has to wait for an answer; {WAIT} by default, 0: not "
            "tried",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        results = self._run(options)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(results), ensure_ascii=False))
        else:
            for result in results:
                self._write(result)
        bad = {Status.FAILED, Status.WARNING} if options["strict"] else {Status.FAILED}
        if worst(results) in bad:
            raise SystemExit(1)

    def _run(self, options: dict[str, Any]) -> list[Result]:
        now = timezone.now()
        checks: list[tuple[str, Callable[[], list[Result]]]] = [
            ("settings", services.check_settings),
            ("secrets", check_secrets),
            ("database", services.check_database_state),
            ("redis", services.check_redis_state),
            ("clock", lambda: machine.check_clock(timezone.now())),
            ("tzdata", lambda: machine.check_tzdata(now)),
            ("data", machine.check_data_dir),
            ("worker", lambda: services.check_worker(now)),
            ("mail", lambda: services.check_mail(now, options["mail_to"])),
            ("backup", lambda: services.check_backups(now)),
        ]
        with ThreadPoolExecutor(2) as pool:  # those of the network wait the longest
            turn = pool.submit(_run_check, "turn", lambda: check_turn(now))
            proxy = pool.submit(_run_check, "proxy", lambda: check_proxy(now, options["wait"]))
            results = [result for name, check in checks for result in _run_check(name, check)]
            return [*results, *proxy.result(), *turn.result()]

    def _write(self, result: Result) -> None:
        styles = {
            Status.OK: self.style.SUCCESS,
            Status.WARNING: self.style.WARNING,
            Status.FAILED: self.style.ERROR,
        }
        mark = styles[result.status](f"{_MARKS[result.status]:8}")
        self.stdout.write(f"{mark}{result.check:10}{result.detail}")


def _run_check(name: str, check: Callable[[], list[Result]]) -> list[Result]:
    """Run a check; a database or disk that fails under it fails that check alone."""
    try:
        return check()
    except (DatabaseError, OSError) as exc:
        return [failed(name, f"{one_line(exc)}.")]

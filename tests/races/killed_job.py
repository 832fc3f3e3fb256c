"""A process that runs the job of charges once, and kills itself before one of its writes.

Its argument is the number of that write, from 0.
"""

import os
import signal
import sys
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.billing.charges import charge_all  # noqa: E402


def main(number: int) -> None:
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        if sql.startswith(("INSERT", "UPDATE")):
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        charge_all(timezone.now())


if __name__ == "__main__":
    main(int(sys.argv[1]))

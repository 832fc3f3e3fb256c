"""`make bench`: how fast the specification's endpoints are, beside two controls. A report, never a
test: see docs/performance.md."""

import argparse
import os
import secrets
import tempfile

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--write", action="store_true", help="the tables into docs/performance.md")
    options.add_argument("--keep", action="store_true", help="the databases, for the next run")
    options.add_argument("--servers", action="store_true", help="compare ways to serve instead")
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        set_environment(folder)
        from bench import run  # noqa: PLC0415  (Django reads its settings on import)

        try:
            if asked.servers:
                print(run.servers_report(URL, asked.rounds))
            else:
                print(tables := run.report(URL, asked.rounds))
                if asked.write:
                    run.write(tables)
        finally:
            if not asked.keep:
                run.drop(URL)


def set_environment(folder: str) -> None:
    """For this process and the servers alike: production's settings but for throttling."""
    for name in ("REDIS_URL", "PUBLIC_URL", "EMAIL_URL", "ALLOWED_HOSTS", "TURN_URLS"):
        os.environ.pop(name, None)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="bench.settings",
        DATA_DIR=folder,
        SECRET_KEY=secrets.token_urlsafe(64),
        THROTTLING="off",
        DATABASE_URL=URL,
    )


if __name__ == "__main__":
    main()

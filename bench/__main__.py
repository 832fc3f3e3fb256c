"""`make bench`: measure the specification's endpoints and compare them with two controls.

Prints a report and tests nothing: see docs/performance.md.
"""

import argparse
import os
import tempfile

from bench.environment import set_environment
from bench.report import write_tables

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/performance.md"
    )
    parser.add_argument("--keep", action="store_true", help="keep the databases for the next run")
    parser.add_argument("--servers", action="store_true", help="compare servers instead")
    parser.add_argument("--only", metavar="CASE", help="of bench/cases.py, such as groups")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        set_environment(folder, settings="bench.settings", database_url=URL)
        from bench import run  # noqa: PLC0415  (Django reads its settings on import)

        try:
            if arguments.servers:
                print(run.servers_report(URL, arguments.rounds))
            else:
                print(tables := run.endpoints_report(URL, arguments.rounds, arguments.only))
                if arguments.write:
                    write_tables("performance.md", tables)
        finally:
            if not arguments.keep:
                run.drop_databases(URL)


if __name__ == "__main__":
    main()

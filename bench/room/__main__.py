"""`make bench-room`: measure how much load a room takes, and compare with y-websocket's server and
hocuspocus.

Prints a report and tests nothing: see docs/performance-room.md.
"""

import argparse
import os
import tempfile

import uvloop

from bench.environment import set_environment
from bench.report import write_tables

URL = os.environ.get(
    "BENCH_ROOM_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench_room"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.room", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/performance-room.md"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--phone", action="store_true", help="measure a phone and a laptop instead")
    arguments = parser.parse_args()
    packages = os.path.join(os.environ.get("DATA_DIR", "var"), "bench-room")
    with tempfile.TemporaryDirectory() as folder:
        database_url = f"sqlite:///{folder}/kreida.sqlite3"
        set_environment(folder, settings="config.settings", database_url=database_url)
        uvloop.install()
        import django  # noqa: PLC0415  (Django reads its settings on import)

        django.setup()
        from bench.room import run  # noqa: PLC0415
        from bench.room.tables import make_phone_table, make_tables  # noqa: PLC0415

        if arguments.phone:
            print(make_phone_table(run.measure_phone(folder)))
            return
        print(tables := make_tables(run.measure(packages, folder, URL, arguments.rounds)))
        if arguments.write:
            write_tables("performance-room.md", tables)


if __name__ == "__main__":
    main()

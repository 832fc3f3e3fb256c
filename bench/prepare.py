"""`python -m bench.prepare BLOCKS`: prepare DATABASE_URL's database and print access tokens.

Creates the school of that size, or cleans up an existing one, and prints an access token for each
tutor as JSON. It runs in its own process, because Django has one default database per process.
"""

import json
import os
import sys

import django
import psycopg

from bench import servers


def main(blocks: int) -> None:
    url = os.environ["DATABASE_URL"]
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from apps.common.postgresql.timeouts import lift_timeouts  # noqa: PLC0415
    from bench import data  # noqa: PLC0415

    school = data.School(blocks)
    is_prepared = has_school(url, school.lessons)
    if not is_prepared:
        servers.drop_database(url)
        servers.create_database(url)
    lift_timeouts()
    call_command("migrate", verbosity=0)
    if not is_prepared:
        data.insert_school(school)
    data.delete_benchmark_writes()
    print(json.dumps(data.create_access_tokens(range(1, school.tutors + 1))))


def has_school(url: str, lessons: int) -> bool:
    """Whether the database holds a school of this size from an earlier run."""
    if not servers.database_exists(url):
        return False
    try:
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT count(*) FROM lessons_lesson WHERE id <= 2000000")
            return found.fetchone() == (lessons,)
    except psycopg.errors.UndefinedTable:
        return False


if __name__ == "__main__":
    main(int(sys.argv[1]))

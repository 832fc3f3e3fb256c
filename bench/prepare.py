"""`python -m bench.prepare BLOCKS`: makes the school of that size in DATABASE_URL's database, or
cleans up one that is already there, and prints an access token for each of its tutors as JSON.

A process of its own, since a process of Django has one default database."""

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

    from bench import data  # noqa: PLC0415

    school = data.School(blocks)
    standing = is_filled(url, school.lessons)
    if not standing:
        servers.drop_database(url)
        servers.create_database(url)
    call_command("migrate", verbosity=0)
    if not standing:
        data.fill(school)
    data.forget_writes()
    print(json.dumps(data.access_tokens(range(1, school.tutors + 1))))


def is_filled(url: str, lessons: int) -> bool:
    """Whether an earlier run kept this very school."""
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

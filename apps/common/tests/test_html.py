"""HTML is compressed and has no blank lines; other responses stay as they are."""

import gzip
import re

import pytest
from django.test import Client

from apps.common.html import remove_blank


def test_blank_lines_and_trailing_spaces_are_removed():
    assert remove_blank(b"<p>a \n\n  \n <b>b</b>\t\n</p>\n") == b"<p>a\n <b>b</b>\n</p>\n"


@pytest.mark.django_db
def test_page_is_compressed_for_those_who_accept_it():
    plain = Client().get("/")
    packed = Client(headers={"Accept-Encoding": "gzip"}).get("/")
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    text = gzip.decompress(packed.content).decode()
    assert int(plain["Content-Length"]) == len(plain.content)
    for html in (plain.content.decode(), text):
        assert not re.search(r"[ \t]\n|\n\n", html)


@pytest.mark.django_db
def test_compressed_lengths_differ_at_random():
    """So that a length says little about what the page contains."""
    client = Client(headers={"Accept-Encoding": "gzip"})
    lengths = {len(client.get("/").content) for _ in range(30)}
    assert len(lengths) > 5


@pytest.mark.django_db
def test_page_that_may_repeat_its_query_is_not_compressed():
    response = Client(headers={"Accept-Encoding": "gzip"}).get("/?q=guess")
    assert "guess" in response.content.decode()
    assert not response.has_header("Content-Encoding")


def test_json_is_not_compressed(api, tutor):
    client = api(tutor)
    response = client.get("/api/classroom/my-students/", headers={"Accept-Encoding": "gzip"})
    assert not response.has_header("Content-Encoding")


def test_long_run_of_spaces_within_a_line_is_searched_once():
    """As a chat message has it. A search quadratic in the run would take an hour."""
    line = b"<p>a" + b" " * 1_000_000 + b"b</p>"
    assert remove_blank(line + b"  \n") == line + b"\n"

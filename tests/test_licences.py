"""What `make check` says about the licences of packages; see docs/licences.md."""

import pytest

from scripts import licences


@pytest.mark.parametrize("licence", ["MIT", "(MIT AND Zlib)", "(MPL-2.0 OR Apache-2.0)"])
def test_an_allowed_licence_is_fine(licence):
    assert licences.is_fine("a-new-package", licence)


@pytest.mark.parametrize("licence", ["GPL-2.0-only", "(MIT AND GPL-3.0)", "MPL-2.0", "nothing"])
def test_another_licence_has_to_be_looked_at(licence):
    assert not licences.is_fine("a-new-package", licence)


def test_what_was_looked_at_is_fine_until_it_declares_something_else():
    assert licences.is_fine("psycopg", "LGPL-3.0-only")
    assert not licences.is_fine("psycopg", "AGPL-3.0-only")


def test_what_is_not_installed_here_has_to_be_looked_at():
    assert licences.is_fine("colorama", None)
    assert not licences.is_fine("a-new-package", None)


def test_every_package_of_both_locks_is_asked_about(monkeypatch):
    monkeypatch.setattr(licences, "ALLOWED", set())
    monkeypatch.setattr(licences, "LOOKED_AT", {})
    named = "\n".join(licences.problems())
    for package in ("django (BSD-3-Clause)", "yjs (MIT)", "fuzzy (nothing)"):
        assert package in named
    assert "vitest" not in named

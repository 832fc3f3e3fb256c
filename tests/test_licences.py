"""What `make check` says about the licences of packages; see docs/licences.md."""

import pytest

from scripts import licences


@pytest.mark.parametrize("licence", ["MIT", "(MIT AND Zlib)", "(MPL-2.0 OR Apache-2.0)"])
def test_allowed_licence_is_accepted(licence):
    assert licences.is_accepted("a-new-package", licence)


@pytest.mark.parametrize("licence", ["GPL-2.0-only", "(MIT AND GPL-3.0)", "MPL-2.0", "nothing"])
def test_other_licence_is_rejected(licence):
    assert not licences.is_accepted("a-new-package", licence)


def test_reviewed_package_is_rejected_when_it_declares_another_licence():
    assert licences.is_accepted("psycopg", "LGPL-3.0-only")
    assert not licences.is_accepted("psycopg", "AGPL-3.0-only")


def test_package_that_is_not_installed_is_accepted_only_after_review():
    assert licences.is_accepted("colorama", None)
    assert not licences.is_accepted("a-new-package", None)


def test_packages_of_both_lock_files_are_checked(monkeypatch):
    monkeypatch.setattr(licences, "ALLOWED", set())
    monkeypatch.setattr(licences, "REVIEWED", {})
    named = "\n".join(licences.problems())
    for package in ("django (BSD-3-Clause)", "yjs (MIT)", "fuzzy (nothing)"):
        assert package in named
    assert "vitest" not in named

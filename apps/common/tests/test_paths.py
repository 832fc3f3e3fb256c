"""Paths of pasted links."""

import pytest

from apps.common.paths import normalize_path


@pytest.mark.parametrize("behind", ["", ".", "),", "”", "»", "\u00a0", "\u200b", "./", "/_", "*/*"])
@pytest.mark.parametrize(
    "link",
    [
        "/join/ABCD2345/",
        "/invite/a.b.c-_/",
        "/tutor-invitation/a.b.c/",
        "/students/invitation/a.b/",
    ],
)
def test_punctuation_behind_a_link_is_dropped(link, behind):
    assert normalize_path(f"{link}{behind}") == link


@pytest.mark.parametrize("link", ["/join", "/join/", "/invite/a.b.c_", "/join/ABCD2345."])
def test_link_without_its_slash_is_kept_for_the_page_to_clean(link):
    assert normalize_path(link) == link


@pytest.mark.parametrize("path", ["/", "/students/.", "/api/lessons/1/", "/static/x.js", ""])
def test_other_paths_are_kept(path):
    assert normalize_path(path) == path


def test_prefix_of_a_link_may_be_in_capitals():
    assert normalize_path("/Tutor-Invitation//A.b.C/.") == "/tutor-invitation/A.b.C/"


def test_nul_is_replaced():
    assert normalize_path("/pay/a\0b/") == "/pay/a\ufffdb/"

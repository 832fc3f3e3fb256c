"""Tests of the setting LOGO_FILE."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.classroom.tests.pictures import FORMATS, SECRET, with_metadata
from config.school_logo import MAX_SIZE, school_logo

pytestmark = pytest.mark.django_db


@pytest.fixture
def logo(settings, monkeypatch, tmp_path):
    (tmp_path / "logo.png").write_bytes(with_metadata("png"))
    monkeypatch.setenv("LOGO_FILE", str(tmp_path / "logo.png"))
    settings.SCHOOL_NAME = "Школа «Крейда»"
    settings.SCHOOL_LOGO = school_logo()
    return settings.SCHOOL_LOGO


@pytest.mark.parametrize("path", ["/", "/accounts/login/"])
def test_logo_is_in_the_header_and_named_where_it_stands_alone(browser, logo, path):
    page = browser().get(path).content.decode()
    assert f'src="{logo.url}" alt="" width="24" height="16"' in page
    assert f'src="{logo.url}" alt="Школа «Крейда»" width="24" height="16"' in page
    assert "web/logo.svg" not in page


def test_logo_is_served_without_metadata_and_cached(browser, logo):
    answer = browser().get(logo.url)
    assert answer["Content-Type"] == "image/png"
    assert "immutable" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert SECRET not in answer.content
    assert browser().get("/school-logo/other/").status_code == 404


def test_without_the_setting_pages_have_kreidas_own_logo(browser, settings):
    assert settings.SCHOOL_LOGO is None
    assert "web/logo.svg" in browser().get("/").content.decode()
    assert browser().get("/school-logo/any/").status_code == 404


@pytest.mark.parametrize("kind", FORMATS)
def test_logo_may_have_any_format_of_pictures(monkeypatch, tmp_path, kind):
    (tmp_path / "logo").write_bytes(with_metadata(kind))
    monkeypatch.setenv("LOGO_FILE", str(tmp_path / "logo"))
    found = school_logo()
    assert (found.picture.mime_type, found.width, found.height) == (f"image/{kind}", 24, 16)


@pytest.mark.parametrize(
    "content",
    [
        b"<svg onload='alert(1)'/>",
        with_metadata("png")[:40],
        with_metadata("png") + b" " * MAX_SIZE,
    ],
)
def test_logo_that_is_no_small_picture_stops_the_start(monkeypatch, tmp_path, content):
    (tmp_path / "logo.svg").write_bytes(content)
    monkeypatch.setenv("LOGO_FILE", str(tmp_path / "logo.svg"))
    with pytest.raises(ImproperlyConfigured, match=r"^LOGO_FILE must be"):
        school_logo()

"""The front end as built by Vite."""

import re
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

import pytest

from tests.server import ROOT

pytestmark = pytest.mark.any_database
MODULES = ROOT / "frontend/node_modules"
BUILT = ROOT / "apps/web/static/web/dist"
# By what the packages' own scripts ask for, and under the GPL.
LIBERATION = (
    "@excalidraw/excalidraw/dist/prod/fonts/Liberation/*",
    "pdfjs-dist/standard_fonts/LiberationSans*",
)


def digests(*files: Path) -> set[str]:
    return {sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


@pytest.mark.parametrize("fonts", LIBERATION)
def test_build_contains_no_gpl_font(fonts):
    left_out = digests(*MODULES.glob(fonts))
    assert left_out
    assert not left_out & digests(*BUILT.rglob("*"))


@pytest.mark.parametrize("names", ["LiberationSans*.ttf", "FoxitSerif*", "FoxitFixed*"])
def test_pdf_js_gets_free_fonts_with_cyrillic(names):
    """Arimo, Tinos and Cousine have the metrics of Helvetica, Times and Courier."""
    asked_for = [path.name for path in (MODULES / "pdfjs-dist/standard_fonts").glob(names)]
    assert len(asked_for) == 4
    for name in asked_for:
        font = (BUILT / "pdfjs/standard_fonts" / name).read_bytes()
        assert "SIL Open Font License, Version 1.1".encode("utf-16-be") in font


@pytest.fixture(scope="module")
def notices() -> tuple[str, str]:
    """The notices that Vite collected, and those added by frontend/notices.txt."""
    whole = (BUILT / "licences.txt").read_text()
    found, added = whole.split("# Packages that bring no text of their own")
    return found, added


def test_every_package_has_a_licence_notice(notices):
    found, added = notices
    named = re.findall(r"^- (\S+):", added, re.MULTILINE)
    packages = [section.partition("\n") for section in found.split("\n## ")[1:]]
    assert len(packages) > 50
    for title, _, text in packages:
        package = title.split(" - ")[0]
        assert text.strip() or any(fnmatch(package, name) for name in named), package


def test_every_font_family_has_a_licence_notice(notices):
    families = {path.name for path in (BUILT / "excalidraw/fonts").iterdir()}
    assert families
    assert {name for name in families if name not in notices[1].replace(" ", "")} == set()

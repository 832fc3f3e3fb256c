"""What Vite has built, which is what browsers are sent."""

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
def test_fonts_under_the_gpl_are_not_in_it_by_any_name(fonts):
    left_out = digests(*MODULES.glob(fonts))
    assert left_out
    assert not left_out & digests(*BUILT.rglob("*"))


def test_pdf_js_finds_another_font_by_their_names():
    """Arimo, which is as wide: texts in Helvetica or Arial keep their places."""
    asked_for = {path.name for path in MODULES.glob(LIBERATION[1])}
    for name in asked_for:
        font = (BUILT / "pdfjs/standard_fonts" / name).read_bytes()
        assert "SIL Open Font License, Version 1.1".encode("utf-16-be") in font

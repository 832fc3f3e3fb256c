"""docs/security.md names files and tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
CHAPTERS = re.findall(r"^### (V\d+ .+?)$\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)


def test_every_named_file_exists():
    named = re.findall(r"`((?:apps|config|deploy|frontend)/[\w./@-]+)`", PAGE)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_named_test_exists():
    named = set(re.findall(r"`([\w-]*test[\w.-]*\.(?:py|ts))`", PAGE))
    there = {path.name for path in ROOT.glob("**/*test*.*") if "node_modules" not in path.parts}
    assert len(named) > 30
    assert named - there == set()


@pytest.mark.parametrize("chapter", range(1, 18))
def test_asvs_chapter_is_answered_with_its_tests(chapter):
    texts = [text for title, text in CHAPTERS if title.startswith(f"V{chapter} ")]
    assert len(texts) == 1
    assert "*Tests:*" in texts[0] or chapter == 10  # of OAuth, Kreida has nothing

"""The documents name files and pages that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "frontend/README.md"]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
FOLDERS = "apps|bench|config|deploy|docs|frontend|locale|scripts|tests"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(path):
    named = re.findall(rf"`((?:{FOLDERS})/[\w./@-]+)`", path.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_linked_files_exist(path):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_named_tests_exist(path):
    named = re.findall(r"`((?:apps|tests)/[\w/]+\.py)::(\w+)`", path.read_text("utf-8"))
    assert [name for file, name in named if f"def {name}(" not in (ROOT / file).read_text()] == []

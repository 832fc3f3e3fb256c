"""The README: its curl commands work as pasted, and its list of settings is complete; tests and
benchmarks take none of them from the shell."""

import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest

from bench.environment import set_environment

pytestmark = [pytest.mark.any_database, pytest.mark.xdist_group("readme")]
README = Path(__file__).resolve().parent.parent / "README.md"


def test_curl_commands_of_the_readme_work(kreida):
    (walk,) = re.findall(r"```bash\n(.*?)```", README.read_text(), re.DOTALL)
    walk = walk.replace("http://127.0.0.1:8000", kreida.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", walk],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    week, room, resolved, students = done.stdout.strip().split("\n")
    assert '"title":"Fractions"' in week
    assert room == resolved
    assert '"count":1' in students


def listed_settings():
    return set(re.findall(r"`([A-Z_]{4,})`", README.read_text().split("## Settings")[1]))


def test_tests_and_benchmarks_inherit_no_setting(monkeypatch, tmp_path):
    settings = listed_settings()
    assert set(runpy.run_path("scripts/test.py")["SERVER_SETTINGS"]) == settings
    monkeypatch.setattr(os, "environ", dict.fromkeys(settings, "inherited"))
    set_environment(str(tmp_path), settings="bench.settings", database_url="sqlite:///x")
    assert "inherited" not in os.environ.values()


def test_readme_lists_exactly_the_settings_that_are_read():
    code = "".join(file.read_text() for file in (README.parent / "config").glob("*.py"))
    readers = "text|file_text|shown_name|items|integer|choice|api_url"
    read = set(re.findall(rf'\b(?:{readers})\(\s*"([A-Z_]+)"', code))
    assert listed_settings() == read

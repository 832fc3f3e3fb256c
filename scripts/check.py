"""`make check`: lint, format, types, migrations, deployment settings, translations, licences,
front end."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


def run(name: str, *command: str, cwd: Path = ROOT, **env: str) -> bool:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def translations() -> bool:
    """Every message that the code marks stands in the catalogue, translated and not fuzzy."""
    problems = []
    for po in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        with po.open("rb") as file:
            catalogue = read_po(file)
        for message in catalogue:
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            if message.id and (message.fuzzy or not all(texts)):
                problems.append(f"{po.relative_to(ROOT)}: {message.id!r} is not translated")
    problems += missing_messages()
    print("FAIL translations" if problems else "ok   translations", flush=True)
    for problem in problems:
        print(f"  {problem}")
    return not problems


def missing_messages() -> list[str]:
    """What `makemessages` would add to the Ukrainian catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "repo"
        tracked = subprocess.run(
            ["git", "ls-files", "-zco", "--exclude-standard", "*.py", "*.html", "*.txt", "*.po"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, tracked):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                (copy / name).write_bytes((ROOT / name).read_bytes())
        known = _ids(copy / "locale/uk/LC_MESSAGES/django.po")
        subprocess.run(
            [PYTHON, "manage.py", "makemessages", "-l", "uk", "--no-obsolete", "-v0"],
            cwd=copy, env={**os.environ, "DATA_DIR": folder}, check=True,
        )  # fmt: skip
        needed = _ids(copy / "locale/uk/LC_MESSAGES/django.po")
    return [f"not in the Ukrainian catalogue: {text!r}" for text in sorted(needed - known)]


def _ids(po: Path) -> set[str]:
    if not po.exists():
        return set()
    with po.open("rb") as file:
        return {str(message.id) for message in read_po(file) if message.id}


def main() -> int:
    deploy = (PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    https = {"PUBLIC_URL": "https://kreida.example"}
    results = [
        run("ruff check", PYTHON, "-m", "ruff", "check", "--quiet", "."),
        run("ruff format", PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."),
        run("mypy", PYTHON, "-m", "mypy", "apps", "config", "manage.py"),
        run("migrations", PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        run(
            "deployment, http", PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"
        ),
        run("deployment, https", *deploy, **https),
        translations(),
        run("licences", PYTHON, "scripts/licences.py"),
        run("front end", "npm", "run", "--silent", "check", cwd=ROOT / "frontend"),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

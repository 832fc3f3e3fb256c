"""`make check`: lint, format, types, migrations, deployment settings, translations, licences,
OpenAPI document and front end."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from messages import CATALOGUE, UncollectableMessage, front_end_messages

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


PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


def translations() -> bool:
    """Return True if the catalogues have exactly the messages of the sources, all translated."""
    problems = []
    for po in sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po")):
        found = [problem for message in _messages(po) for problem in _problems(message)]
        problems += [f"{po.relative_to(ROOT)}: {problem}" for problem in found]
    problems += _compare("django", *_ids_before_and_after_makemessages())
    try:
        expected = {str(message.id) for message in front_end_messages() if message.id}
        problems += _compare("djangojs", _ids(CATALOGUE), expected)
    except UncollectableMessage as exc:
        problems.append(str(exc))
    print("FAIL translations" if problems else "ok   translations", flush=True)
    for problem in problems:
        print(f"  {problem}")
    return not problems


def _problems(message: Message) -> Iterator[str]:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    if message.fuzzy or not all(texts):
        yield f"{ids[0]!r} is not translated"
        return
    allowed = set(PLACEHOLDER.findall(" ".join(ids)))
    for text in texts:
        used = set(PLACEHOLDER.findall(text))
        # A singular may use “one” instead of the number.
        if used - allowed or (len(ids) == 1 and allowed - used):
            yield f"{ids[0]!r} has other placeholders than its translation"


def _ids_before_and_after_makemessages() -> tuple[set[str], set[str]]:
    """Return the message ids of the Ukrainian catalogue before and after `makemessages`."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "repo"
        po = copy / "locale/uk/LC_MESSAGES/django.po"
        tracked = subprocess.run(
            ["git", "ls-files", "-zco", "--exclude-standard", "*.py", "*.html", "*.txt", "*.po"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, tracked):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).exists():
                (copy / name).write_bytes((ROOT / name).read_bytes())
        existing = _ids(po)
        subprocess.run(
            [PYTHON, "manage.py", "makemessages", "-l", "uk", "--no-obsolete", "-v0"],
            cwd=copy, env={**os.environ, "DATA_DIR": folder}, check=True,
        )  # fmt: skip
        return existing, _ids(po)


def _compare(domain: str, existing: set[str], expected: set[str]) -> list[str]:
    return [
        *(
            f"not in the Ukrainian {domain} catalogue: {text!r}"
            for text in sorted(expected - existing)
        ),
        *(
            f"unused in the Ukrainian {domain} catalogue: {text!r}"
            for text in sorted(existing - expected)
        ),
    ]


def _ids(po: Path) -> set[str]:
    return {str(message.id) for message in _messages(po)}


def _messages(po: Path) -> list[Message]:
    if not po.exists():
        return []
    with po.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def openapi() -> bool:
    """Generate the OpenAPI document and lint it with Redocly (redocly.yaml)."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        return run(
            "openapi, generate",
            *(PYTHON, "manage.py", "spectacular", "--validate", "--fail-on-warn"),
            *("--format", "openapi-json", "--file", str(document)),
        ) and run(
            "openapi, lint",
            *(str(ROOT / "frontend/node_modules/.bin/redocly"), "lint", str(document)),
            REDOCLY_TELEMETRY="off",
            REDOCLY_SUPPRESS_UPDATE_NOTICE="true",
        )


def main() -> int:
    deploy = (PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    https = {"PUBLIC_URL": "https://kreida.example"}
    results = [
        run("ruff check", PYTHON, "-m", "ruff", "check", "--quiet", "."),
        run("ruff format", PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."),
        run("mypy", PYTHON, "-m", "mypy", "apps", "config", "kreida", "manage.py"),
        run("migrations", PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"),
        run(
            "deployment, http", PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"
        ),
        run("deployment, https", *deploy, **https),
        translations(),
        run("licences", PYTHON, "scripts/licences.py"),
        openapi(),
        run("front end", "npm", "run", "--silent", "check", cwd=ROOT / "frontend"),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

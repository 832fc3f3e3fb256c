"""`make messages`: update the Ukrainian catalogues from the sources.

New messages are added without a translation, unused ones are removed.
"""

import re
import subprocess
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "frontend/src"
CATALOGUE = ROOT / "locale/uk/LC_MESSAGES/djangojs.po"
KEYWORDS = {"gettext": None, "ngettext": (1, 2)}
_CALL = re.compile(r"\bn?gettext\(")


class UncollectableMessage(Exception):
    """A call of gettext whose argument is not a string literal."""


def front_end_messages() -> Catalog:
    """Collect the messages of the TypeScript sources, with Babel because xgettext has no JSX."""
    catalogue = Catalog()
    for path in sorted(SOURCES.rglob("*.ts*")):
        if not path.name.endswith(".test.ts"):
            for message in _messages(path):
                catalogue.add(message)
    return catalogue


def _messages(path: Path) -> list[str | tuple[str, ...]]:
    options = {"jsx": str(path.suffix == ".tsx")}
    with path.open("rb") as file:
        found = [message for _, message, _, _ in extract("javascript", file, KEYWORDS, (), options)]
    calls = len(_CALL.findall(path.read_text()))
    if calls != len(found):
        # A variable in the place of the message, or a call inside of a template literal.
        raise UncollectableMessage(
            f"{path.relative_to(ROOT)}: {calls} calls of gettext, {len(found)} found"
        )
    return found


def main() -> None:
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "uk", "--no-obsolete", "--no-location",
         "-i", "node_modules", "-i", "var"],
        cwd=ROOT, check=True,
    )  # fmt: skip
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file)
    catalogue.update(front_end_messages(), no_fuzzy_matching=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, no_location=True, ignore_obsolete=True)


if __name__ == "__main__":
    main()

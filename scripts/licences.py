"""Check that each package that Kreida runs on, or may bundle, has a reviewed licence.

Works offline: Python licences come from the installed packages, npm licences from the lock file.
docs/licences.md explains the decisions.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# SPDX identifiers, and the names that older Python packages use.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Zlib"),
    *("CC0-1.0", "MIT-CMU", "OFL-1.1", "Unlicense"),
    *("PSF-2.0", "Python Software Foundation License"),
    *("Apache Software License", "BSD License", "BSD 3-Clause", "MIT License"),
}
# Packages reviewed one by one, with the licence that they declare when installed.
REVIEWED = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "fido2": "BSD License AND Apache Software License AND Mozilla Public License 2.0 (MPL 2.0)",
    "qrcode": "BSD License AND Other/Proprietary License",
    "async-timeout": "Apache Software License",
    "colorama": "BSD License",
    "fuzzy": "nothing",
    "khroma": "nothing",
    "libheif-js": "LGPL-3.0",
}


def is_allowed(licence: str) -> bool:
    """Return True for a simple SPDX expression (AND, OR) of allowed licences."""
    choices = licence.removeprefix("(").removesuffix(")").split(" OR ")
    return any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in choices)


def python_licences() -> Iterator[tuple[str, str | None]]:
    """Yield name and licence of each locked package; None if it is not installed here, because it
    is for other systems or Python versions."""
    lock = (ROOT / "requirements/base.txt").read_text()
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        try:
            yield name, _declared_licence(name)
        except PackageNotFoundError:
            yield name, None


def _declared_licence(name: str) -> str:
    fields = metadata(name)
    prefix = "License :: "
    classifiers = [text for text in fields.get_all("Classifier", []) if text.startswith(prefix)]
    return (
        fields.get("License-Expression")
        or " AND ".join(text.rpartition(" :: ")[2] for text in classifiers)
        or fields.get("License")
        or "nothing"
    )


def npm_licences() -> Iterator[tuple[str, str | None]]:
    """Yield name and licence of each package that could be bundled."""
    packages = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        if path and not package.get("dev"):
            yield path.rpartition("node_modules/")[2], package.get("license", "nothing")


def is_accepted(name: str, licence: str | None) -> bool:
    if licence is None:
        return name in REVIEWED
    return is_allowed(licence) or REVIEWED.get(name) == licence


def problems() -> list[str]:
    found = {*python_licences(), *npm_licences()}
    return sorted(
        f"{name} ({licence or 'not installed here'}) has a licence that has not been reviewed:"
        " see docs/licences.md"
        for name, licence in found
        if not is_accepted(name, licence)
    )


if __name__ == "__main__":
    found = problems()
    print(*found, sep="\n")
    sys.exit(1 if found else 0)

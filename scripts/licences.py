"""Whether each package that Kreida runs on, or may bundle, has a licence that was thought about.

Needs no network: Python's are read from what is installed, npm's from the lock file. What is said
here is explained in docs/licences.md.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# By their SPDX names, and as older Python packages write them.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Zlib"),
    *("CC0-1.0", "OFL-1.1", "PSF-2.0", "Unlicense"),
    *("Apache Software License", "BSD License", "BSD 3-Clause", "MIT License"),
}
# Looked at one by one: what they declare, or would where they are not installed.
LOOKED_AT = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
    "fido2": "BSD License AND Apache Software License AND Mozilla Public License 2.0 (MPL 2.0)",
    "qrcode": "BSD License AND Other/Proprietary License",
    "async-timeout": "Apache Software License",
    "colorama": "BSD License",
    "fuzzy": "nothing",
    "khroma": "nothing",
}


def is_allowed(licence: str) -> bool:
    """SPDX of the simple kind, which is all there is so far; anything else is not."""
    choices = licence.removeprefix("(").removesuffix(")").split(" OR ")
    return any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in choices)


def python_licences() -> Iterator[tuple[str, str | None]]:
    """None where a package is for other systems or versions, and so not installed."""
    lock = (ROOT / "requirements/base.txt").read_text()
    for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE):
        try:
            yield name, _declared(name)
        except PackageNotFoundError:
            yield name, None


def _declared(name: str) -> str:
    about = metadata(name)
    kind = "License :: "
    classified = [text for text in about.get_all("Classifier", []) if text.startswith(kind)]
    return (
        about.get("License-Expression")
        or " AND ".join(text.rpartition(" :: ")[2] for text in classified)
        or about.get("License")
        or "nothing"
    )


def npm_licences() -> Iterator[tuple[str, str | None]]:
    """Of all that could be bundled; some of it is not."""
    packages = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        if path and not package.get("dev"):
            yield path.rpartition("node_modules/")[2], package.get("license", "nothing")


def is_fine(name: str, licence: str | None) -> bool:
    if licence is None:
        return name in LOOKED_AT
    return is_allowed(licence) or LOOKED_AT.get(name) == licence


def problems() -> list[str]:
    found = {*python_licences(), *npm_licences()}
    return sorted(
        f"{name} ({licence or 'not installed here'}) has a licence that nobody has looked at:"
        " see docs/licences.md"
        for name, licence in found
        if not is_fine(name, licence)
    )


if __name__ == "__main__":
    found = problems()
    print(*found, sep="\n")
    sys.exit(1 if found else 0)

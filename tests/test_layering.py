"""Imports go one way: web → lessons → classroom → classrooms → accounts → common."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["common", "accounts", "classrooms", "classroom", "lessons", "web"]


def imported_modules(source: str) -> Iterator[str]:
    """Yield every imported module, including imports inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_from_above(layer: str, source: str) -> list[str]:
    above = LAYERS[LAYERS.index(layer) + 1 :]
    return [
        name
        for name in imported_modules(source)
        if name.startswith("apps.") and name.split(".")[1] in above
    ]


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_does_not_import_from_a_higher_layer(layer):
    files = [
        path
        for path in (ROOT / "apps" / layer).rglob("*.py")
        if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)
    ]
    assert files
    found = {
        str(path.relative_to(ROOT)): imports_from_above(layer, path.read_text()) for path in files
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_every_app_is_in_the_list_of_layers():
    apps = {path.parent.name for path in (ROOT / "apps").glob("*/apps.py")}
    assert apps == set(LAYERS)


@pytest.mark.parametrize(
    "source",
    [
        "from apps.lessons.models import Lesson",
        "import apps.lessons.models",
        "from apps import lessons",
        "def f():\n    from apps.lessons import services",
    ],
)
def test_import_from_a_higher_layer_is_detected(source):
    assert imports_from_above("classroom", source)
    assert not imports_from_above("lessons", source)

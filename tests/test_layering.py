"""Imports go one way: operations → web → booking → billing → lessons → classroom → classrooms
→ accounts → common.

Rooms know lessons only through the interface of apps/classroom/lessons.py (ADR 16). The features
of apps/web import nothing of one another; what several need is in apps/web/shared/.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.lessons.models import Lesson

ROOT = Path(__file__).resolve().parent.parent
LAYERS = [
    "common",
    "accounts",
    "classrooms",
    "classroom",
    "lessons",
    "billing",
    "booking",
    "web",
    "operations",
]
FEATURES = sorted(path.parent.name for path in (ROOT / "apps" / "web").glob("*/urls.py"))


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


def sources(layer: str) -> dict[str, str]:
    """Return the source of each module of an app by its path, without tests and migrations."""
    paths = [path.relative_to(ROOT) for path in (ROOT / "apps" / layer).rglob("*.py")]
    found = {
        str(path): (ROOT / path).read_text()
        for path in paths
        if not {"tests", "migrations"} & set(path.parts)
    }
    assert found
    return found


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_does_not_import_from_a_higher_layer(layer):
    found = {path: imports_from_above(layer, source) for path, source in sources(layer).items()}
    assert {path: names for path, names in found.items() if names} == {}


# A column or relation behind the foreign key `lesson`, whose own lookups are allowed; the reverse
# names of lessons' foreign keys; their table.
LESSON_PATH = re.compile(
    r"(^|__)lesson__(?!(in|isnull|exact)$)|lessons__|__lessons$|lessons_(taught|attended|lesson)"
)


def strings_and_keywords(source: str) -> Iterator[str]:
    """Yield every string and the name of every keyword argument, without docstrings."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value
        elif isinstance(node, ast.Call):
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)


def lesson_internals(source: str) -> list[str]:
    """Return what a module of the room names of lessons beside their interface."""
    called = [
        f"{node.func.attr}({argument.value!r})"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"select_related", "prefetch_related"}
        for argument in node.args
        if isinstance(argument, ast.Constant) and "lesson" in str(argument.value).split("__")
    ]
    names = [
        name
        for name in strings_and_keywords(source)
        if LESSON_PATH.search(name) or name in Lesson.Status.values
    ]
    return called + names


def test_rooms_name_no_columns_and_statuses_of_lessons():
    found = {path: lesson_internals(source) for path, source in sources("classroom").items()}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "rooms.filter(lesson__status=1)",
        "rooms.filter(session__lesson__tutor=tutor_id)",
        "rooms.values_list('lesson__ends_at')",
        "search_fields = ('uuid', 'session__lesson__title')",
        "Membership.objects.filter(classroom__lessons__session=1)",
        "User.objects.filter(lessons_taught=1)",
        "rooms.select_related('lesson').get()",
        "files.select_related('session__lesson')",
        "done = status == 'completed'",
        "query = 'SELECT id FROM lessons_lesson'",
    ],
)
def test_hidden_coupling_to_lessons_is_detected(source):
    assert lesson_internals(source)


@pytest.mark.parametrize(
    "source",
    [
        "rooms.filter(lesson__in=lessons.overdue(now), lesson__isnull=False)",
        "rooms.values_list('lesson_id')",
        "def f():\n    'Whether the lesson is completed.'",
        "raise DomainError('lesson_cancelled', 409, detail)",
    ],
)
def test_interface_of_lessons_is_permitted(source):
    assert lesson_internals(source) == []


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("load_guest", {"apps/classroom/identity.py"}),
        ("participant_role", {"apps/classroom/identity.py", "apps/lessons/policies.py"}),
    ],
)
def test_people_in_rooms_are_identified_in_one_module(name, modules):
    """Permissions on lessons use `participant_role` too."""
    everything = {path: source for layer in LAYERS for path, source in sources(layer).items()}
    used = {path for path, source in everything.items() if name in names_used(source)}
    assert used == modules


def names_used(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in nodes if isinstance(node, ast.Name)}


def test_models_of_lessons_load_no_part_of_the_room_server():
    code = (
        "import django, sys; django.setup(); import apps.lessons.models;"
        "print([name for name in sys.modules if name.startswith('apps.classroom.realtime')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]"


# Several megabytes each, which a server without Redis, rosters and calendar mail does not load.
LARGE_LIBRARIES = {"icalendar", "openpyxl", "redis"}
THEIR_MODULES = {
    "apps.booking.calendars.expand",
    "apps.classroom.realtime.cluster.redis_bus",
    "apps.classrooms.roster.xlsx_sheets",
    "apps.common.cache",
    "apps.lessons.feed.body",
    "apps.lessons.ical",
    "apps.lessons.ical_series",
    "apps.lessons.itip",
    "apps.lessons.itip_series",
    "apps.lessons.vtimezones",
}


def modules_loaded_at_start(source: str) -> set[str]:
    """Return the imports outside functions, with their packages."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [ast.Pass()]
    parts = [name.split(".") for name in imported_modules(ast.unparse(tree))]
    return {".".join(name[:length]) for name in parts for length in range(1, len(name) + 1)}


def test_large_libraries_are_not_loaded_at_start():
    everything = {path: source for layer in LAYERS for path, source in sources(layer).items()}
    everything |= {str(path): path.read_text() for path in (ROOT / "config").glob("*.py")}
    found = {path: modules_loaded_at_start(source) for path, source in everything.items()}
    own = {f"{name.replace('.', '/')}.py" for name in THEIR_MODULES}
    users = {path for path, names in found.items() if names & (LARGE_LIBRARIES | THEIR_MODULES)}
    assert users == own


def imports_from_other_features(feature: str, source: str) -> list[str]:
    """Return the imports of apps/web that are neither the feature's own nor of shared/."""
    return [
        name
        for name in imported_modules(source)
        if name.startswith("apps.web") and name.split(".")[2:3] not in ([feature], ["shared"])
    ]


@pytest.mark.parametrize("feature", [*FEATURES, "shared"])
def test_feature_of_the_pages_imports_nothing_of_another(feature):
    found = {
        path: imports_from_other_features(feature, source)
        for path, source in sources(f"web/{feature}").items()
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_import_from_another_feature_is_detected():
    source = "from apps.web.lessons.forms import LessonForm"
    assert imports_from_other_features("calendar", source)
    assert imports_from_other_features("shared", source)
    assert imports_from_other_features("calendar", "from apps import web")
    assert not imports_from_other_features("lessons", source)
    assert not imports_from_other_features("calendar", "from apps.web.shared import local_time")


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

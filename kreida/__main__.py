"""The `kreida` command: Django's management commands, from an installed wheel or a checkout."""

import os
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Django's own commands that an installation needs; `kreida help --commands` lists all.
OF_DJANGO = ("changepassword", "createsuperuser", "dbshell", "migrate", "shell")


def main(argv: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if argv is None else argv
    root = HERE if (HERE / "apps").is_dir() else HERE.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    from apps.common.version import VERSION  # noqa: PLC0415 -- needs the path above

    if arguments in (["--version"], ["version"]):
        print(f"Kreida {VERSION}")
        return
    _load_settings()
    if arguments in ([], ["help"], ["--help"], ["-h"]):
        _print_commands(VERSION)
        return
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(["kreida", *arguments])


def _load_settings() -> None:
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    settings = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        import_module(settings)  # Django itself would answer a wrong setting with a traceback
    except ImproperlyConfigured as exc:
        sys.exit(f"Kreida cannot start: {exc}")


def _print_commands(version: str) -> None:
    import django  # noqa: PLC0415
    from django.core.management import get_commands, load_command_class  # noqa: PLC0415

    django.setup()
    print(f"Kreida {version}. Commands (`kreida COMMAND --help` says more):\n")
    for name, app in sorted(get_commands().items()):
        if str(app).startswith("apps.") or name in OF_DJANGO:
            text = load_command_class(str(app), name).help
            print(f"  {name:18} {text.partition('. ')[0].rstrip('.')}.")


if __name__ == "__main__":
    main()

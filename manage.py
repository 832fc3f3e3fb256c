#!/usr/bin/env python
import os
import sys
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    settings = os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        import_module(settings)  # Django itself would answer a wrong setting with a traceback
    except ImproperlyConfigured as exc:
        sys.exit(f"Kreida cannot start: {exc}")
    execute_from_command_line(sys.argv)

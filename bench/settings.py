"""The product's settings with the controls' addresses beside its own; for the benchmark alone."""

import json
import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

ROOT_URLCONF = "bench.urls"
# How the figures about connections in docs/performance.md were measured.
DATABASES["default"].update(json.loads(os.environ.get("BENCH_DATABASE", "{}")))

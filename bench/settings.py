"""Production settings plus the URLs of the controls; for the benchmark only."""

import json
import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

ROOT_URLCONF = "bench.urls"
# Overrides for comparing database connection settings (see docs/performance.md).
DATABASES["default"].update(json.loads(os.environ.get("BENCH_DATABASE", "{}")))

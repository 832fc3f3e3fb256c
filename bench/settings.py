"""The product's settings with the controls' addresses beside its own; for the benchmark alone."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"

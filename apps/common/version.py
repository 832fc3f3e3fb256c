"""The release. pyproject.toml reads it too."""

VERSION = "0.32.0"

"""Logging as one JSON object per line."""

import json
import logging
from datetime import UTC, datetime

from django.core.exceptions import SuspiciousOperation


class JsonFormatter(logging.Formatter):
    """Formats time, level, logger and message, and the fields of `extra={"data": {…}}`.

    Without the traceback of a request that Django refuses, such as one for a foreign host: anybody
    could fill the log with them.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info and not isinstance(record.exc_info[1], SuspiciousOperation):
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)

from typing import Any

import pytest

from apps.common.errors import DomainError


def refused(code: str) -> Any:
    """Like pytest.raises, for a DomainError with this code."""
    return pytest.raises(DomainError, check=lambda exc: exc.code == code)

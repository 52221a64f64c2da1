"""Empty databases on the test server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration" / "db"))

from private_database import created


@pytest.fixture
def empty_url() -> Iterator[str]:
    """A database nothing has been done to."""
    with created() as url:
        yield url

"""The test server's Redis."""

from __future__ import annotations

import pytest

from registre.limits.redis import connect


@pytest.fixture
async def redis(servers):
    redis = connect(servers.redis_url)
    yield redis
    await redis.aclose()

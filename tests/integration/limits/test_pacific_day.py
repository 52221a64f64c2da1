"""The provider's midnight as Lua reckons it, against the time zone database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

from registre.limits.redis import connect

PACIFIC = ZoneInfo("America/Los_Angeles")


async def test_every_day_begins_at_midnight_of_the_west_coast(servers) -> None:
    redis = connect(servers.redis_url)
    text = (files("registre.limits") / "pacific.lua").read_text()
    body = "local out = {}\nfor i, at in ipairs(ARGV) do\nlocal a, b = pacific_day(tonumber(at))\n"
    script = redis.register_script(f"{text}\n{body}out[i] = {{a, b}}\nend\nreturn out")
    moments = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=7, minutes=30) * step for step in range(3300)]
    edges = [datetime(2026, 3, 8, 10, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)]
    moments += [edge + timedelta(seconds=step) for edge in edges for step in (-1, 0, 1)]

    answers = await script(args=[str(int(moment.timestamp())) for moment in moments])
    await redis.aclose()

    for moment, (begins, ends) in zip(moments, answers, strict=True):
        day = moment.astimezone(PACIFIC).date()
        assert (begins, ends) == (_midnight(day), _midnight(day + timedelta(days=1))), moment


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), PACIFIC).timestamp())

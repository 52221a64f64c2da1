"""Quota and prices as an operator writes them."""

from __future__ import annotations

import pytest

from registre.domain.errors import ConfigurationError
from registre.limits import prices
from registre.limits.configured import limits
from registre.limits.meter import Limits
from registre.settings import read_settings


def test_the_defaults_are_four_fifths_of_the_tier() -> None:
    assert limits(read_settings({}))("any") == Limits(requests_per_minute=1600, tokens_per_minute=6_400_000)


def test_a_model_may_have_limits_of_its_own() -> None:
    found = limits(
        read_settings(
            {"GEMINI_LIMITS": "60/1000000/0, gemini-2.5-pro=5/250000/100", "GEMINI_DAILY_CEILING_CENTS": "250"}
        )
    )
    assert (found("other").requests_per_minute, found("other").microdollars_per_day) == (60, 2_500_000)
    assert (found("gemini-2.5-pro").tokens_per_minute, found("gemini-2.5-pro").requests_per_day) == (250_000, 100)


@pytest.mark.parametrize("text", ["1600", "0/1/1", "pro=1/2", "1600/x/0"])
def test_limits_that_are_none_are_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="GEMINI_LIMITS"):
        limits(read_settings({"GEMINI_LIMITS": text}))


def test_a_model_unknown_to_the_table_costs_what_the_dearest_does() -> None:
    table = prices.load()
    dearest = max(price.output for price in table.models.values())
    assert table.of("gemini-99-ultra").output == dearest
    assert table.of("gemini-2.5-flash-lite-001") == table.models["gemini-2.5-flash-lite"]
    assert table.as_of


def test_a_broken_table_is_named(tmp_path) -> None:
    (tmp_path / "p.json").write_text('{"as_of": "x", "models": {}}')
    with pytest.raises(ConfigurationError, match="GEMINI_PRICES"):
        prices.load(tmp_path / "p.json")

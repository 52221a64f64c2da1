"""What fits on a machine."""

from __future__ import annotations

import pytest

from registre.domain.errors import ConfigurationError
from registre.limits.machine import Kind, Size, costs, machine, plan
from registre.settings import read_settings


def test_a_fifth_stays_free_by_default() -> None:
    found = machine(read_settings({}))
    assert (found.most, found.available) == (Size(8000, 16000), Size(6400, 12800))


def test_the_reserve_is_a_setting() -> None:
    found = machine(read_settings({"SERVER_RESERVE_CPU_PERCENT": "30", "SERVER_RESERVE_RAM_PERCENT": "30"}))
    assert found.available == Size(5600, 11200)


@pytest.mark.parametrize(
    ("cpu", "ram", "browsers", "readers", "used"),
    [(8, 16, 1, 2, Size(5500, 2250)), (4, 8, 1, 0, Size(3000, 1000)), (16, 32, 2, 5, Size(12500, 5250))],
)
def test_advice_for_machines_of_usual_sizes(cpu: int, ram: int, browsers: int, readers: int, used: Size) -> None:
    found = plan(machine(read_settings({}), cpu=cpu, ram=ram))
    assert found.count[Kind.REGISTRE] == browsers
    assert found.count[Kind.INDEX] + found.count[Kind.ACTE] == readers
    assert found.used == used


@pytest.mark.parametrize(
    "text", ["registre=3/1", "registre=3/1,index=1.5,acte=1/0.5", "registre=3/1,index=a/b,acte=1/1"]
)
def test_costs_that_are_none_are_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="SERVER_COSTS"):
        costs(text)


def test_a_reserve_of_everything_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SERVER_RESERVE"):
        machine(read_settings({"SERVER_RESERVE_CPU_PERCENT": "100"}))

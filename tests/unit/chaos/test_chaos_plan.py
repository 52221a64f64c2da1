"""A seed says everything: the same plan each time, every blow known to the nemesis, doubles among the orders."""

from __future__ import annotations

from collections import Counter

from chaos_lib.plan import BLOWS, PROCESSES, make_plan

from registre.crash import POINTS

PLANS = [make_plan(seed) for seed in range(300)]


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(7) == make_plan(7)
    assert make_plan(7) != make_plan(8)


def test_every_blow_and_every_crash_point_comes_up() -> None:
    assert {blow.kind for plan in PLANS for blow in plan.blows} == set(BLOWS)
    crashes = {setting for plan in PLANS for lives in plan.crashes.values() for setting in lives}
    assert {setting.partition(":")[0] for setting in crashes} == set(POINTS)


def test_a_crash_point_is_given_to_a_process_that_meets_it() -> None:
    for plan in PLANS:
        for name, lives in plan.crashes.items():
            assert name in PROCESSES
            assert not any(life.startswith("mid_ocr") for life in lives) or name.startswith("ocr")


def test_orders_have_doubles_and_some_come_while_blows_fall() -> None:
    for plan in PLANS:
        assert len(plan.orders) == 8
        numbers = Counter("".join(order.row[1].split()) for order in plan.orders)
        assert len(numbers) < 8
        assert any(order.at > 0 for order in plan.orders)

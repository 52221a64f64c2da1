"""Documents are read exactly where OCR_<NAME> says so: what a process claims from each environment."""

from __future__ import annotations

from itertools import product

import pytest

from actors.lifecycle import source_of
from registre.domain.job import Stage
from registre.installation import environments
from registre.pipeline import ACTE_QUEUE
from registre.settings import read_settings

NAMES = ("prod", "staging", "dev")
READING = {"ocr", ACTE_QUEUE}
QUEUES = {str(Stage.STORE), *READING}


@pytest.mark.parametrize("flags", list(product(("oui", "non"), repeat=3)))
def test_reading_is_claimed_exactly_where_it_is_on(flags: tuple[str, ...]) -> None:
    env = {"REGISTRE_ENVIRONMENTS": " ".join(NAMES)}
    for name, flag in zip(NAMES, flags, strict=True):
        env |= {f"DATABASE_URL_{name.upper()}": f"postgresql://h/{name}", f"OCR_{name.upper()}": flag}
    sources = [source_of(place, QUEUES) for place in environments(read_settings(env))]
    assert [source.environment for source in sources] == list(NAMES)
    for source, flag in zip(sources, flags, strict=True):
        # Storing goes on whatever the switch says.
        assert source.queues == (QUEUES if flag == "oui" else {"store"})


def test_unset_is_off_among_several_and_on_alone() -> None:
    several = read_settings({"REGISTRE_ENVIRONMENTS": "prod", "DATABASE_URL_PROD": "postgresql://h/a"})
    alone = read_settings({"DATABASE_URL": "postgresql://h/a"})
    assert [source_of(place, QUEUES).queues for place in environments(several)] == [{"store"}]
    assert [source_of(place, QUEUES).queues for place in environments(alone)] == [QUEUES]


def test_a_browser_process_claims_the_same_everywhere() -> None:
    queues = {str(Stage.FETCH), str(Stage.DOWNLOAD)}
    settings = read_settings({"REGISTRE_ENVIRONMENTS": "prod", "DATABASE_URL_PROD": "postgresql://h/a"})
    assert [source_of(place, queues).queues for place in environments(settings)] == [queues]

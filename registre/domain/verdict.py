"""What is done about an error: one verdict per error class, applied in `actors/policy.py` and nowhere else."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The reaction an error class asks for."""

    #: The registry or the request says no. Final at once, nothing to retry, nobody to wake.
    REFUSE = "refuse"
    #: Not now: site closed, no account, someone else is buying it. Waits without spending an attempt.
    DEFER = "defer"
    #: Transient. Again after 5, 10, 20 s, at most `max_attempts` tries.
    RETRY = "retry"
    #: What we must provide ourselves was missing: the browser, the database. As a transient error, but the first few
    #: times in a row cost no try.
    INFRA = "infra"
    #: The page is not the page we know. One more look, then failed loudly with its snapshot.
    DRIFT = "drift"
    #: Money or evidence that only a person may settle. Final at once, never tried again by itself.
    PERSON = "person"
    #: Ours. Retried twice in case it was a glitch, then failed.
    BUG = "bug"

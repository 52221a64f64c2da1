"""The group of a failure: what is broken the same way is one fault, in Sentry, in `triage` and in the database."""

from __future__ import annotations

from registre.domain.errors import RegistreError


def fault_of(error: BaseException, *, site: str, stage: str) -> str:
    """`site/screen/code`: the stage stands for a screen that is not known, and a bug carries its type.

    The database writes the same into `registre.job.fault`.
    """
    if isinstance(error, RegistreError):
        return f"{site}/{error.screen or stage}/{error.code}"
    return f"{site}/{stage}/bug.{type(error).__name__}"


def fault_code(fault: str) -> str:
    """The error code in it."""
    return fault.rpartition("/")[2].partition(".")[0]

"""Which fault explains which: what a cause brings about is listed under it, never before it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from registre.diagnostics.rule import Finding, Level

#: Cause → what follows from it, as patterns on `Finding.name`; `=` stands for what the cause is about. A cause of the
#: whole installation explains the same in every environment.
EXPLAINS: Final[dict[str, tuple[str, ...]]] = {
    "disk": ("objects*", "temp", "state", "failures:storage_failed", "failures:reader_failed", "failure_rate:*"),
    "temp": ("failures:reader_failed", "failures:browser_lost", "browser", "failure_rate:*"),
    "memory": ("failures:reader_failed", "failures:browser_lost", "swap", "load", "restarts:*", "silent_workers:*"),
    "load": ("failures:page_timeout", "failures:stage_timeout"),
    "site_url": ("workers:browser", "oldest:browser.*"),
    "site": (
        "failures:site_*", "failures:page_timeout", "failures:session_lost", "failure_rate:*", "waits:site_unavailable",
        "oldest:browser.*",
    ),
    "browser": ("workers:browser", "failures:browser_lost", "failure_rate:*", "oldest:browser.*", "restarts:browser*"),
    "retired_roles": ("versions",),
    "redis*": ("waits:limits_unavailable", "meter:*", "capacity*"),
    "meter:*": ("waits:quota_wait", "waits:reading_ceiling", "failures:gemini_unavailable", "oldest:ocr.ocr"),
    "capacity": ("capacity_waiting", "workers:*", "expected:*"),
    "capacity_waiting": ("workers:*", "expected:*", "oldest:*"),
    "connections": ("notify",),
    "clock_skew": ("overdue_messages", "not_taken:*", "silent_workers:*", "workers:*", "oldest:*"),
    "tables:*": ("triggers:*", "guards", "unchecked:*"),
    "statuses": ("disagreeing_rows", "failures:*", "failure_rate:*", "restarts:*", "oldest:*", "expired_leases"),
    "triggers:registre_door_*": ("unjoined_rows",),
    "triggers:mirror_update": ("disagreeing_rows",),
    "old_workers": ("disagreeing_rows", "finished_with_owner", "done_without_text", "stored_without_path"),
    "notify": ("unpolled:*", "not_taken:*", "clock", "overdue_messages"),
    "open_transaction": ("not_taken:*", "oldest:*", "failure_rate:*", "failures:stage_timeout"),
    "stopped": (
        "clock", "workers:*", "silent_workers:*", "expected:*", "oldest:*", "expired_leases", "lost_messages",
        "dead_holders", "overtime:*", "overdue_messages", "abandoned_messages", "charge_intent", "waits:released",
    ),
    "clock": (
        "expired_leases", "lost_messages", "dead_holders", "overtime:*", "charge_intent", "abandoned_messages",
        "oldest:*", "silent_workers:*",
    ),
    "clock_stuck": ("expired_leases", "lost_messages", "dead_holders", "overtime:*", "oldest:*"),
    "frozen:*": (
        "stopped", "workers:=", "silent_workers:=", "oldest:=.*", "not_taken:=", "abandoned_messages", "overtime:*",
    ),
    "workers:*": (
        "silent_workers:=", "expected:=", "not_taken:=", "oldest:=.*", "abandoned_messages", "overdue_messages",
        "charge_intent", "charge_paid", "waits:released",
    ),
    "unpolled:*": ("not_taken:=", "oldest:=.*", "overdue_messages"),
    "expected:*": ("silent_workers:=", "oldest:=.*"),
    "silent_workers:*": ("expected:=", "oldest:=.*", "abandoned_messages"),
    "ocr_off": ("oldest:ocr.ocr", "workers:ocr"),
    "secret_key": ("accounts", "waits:no_account", "failures:configuration", "oldest:browser.*"),
    "accounts": (
        "benched_account:*", "clear_passwords", "twin_accounts:*", "waits:no_account", "oldest:browser.*",
        "failures:auth_failed", "failures:account_locked", "failure_rate:*",
    ),
    "twin_accounts:*": ("benched_account:*", "failures:session_lost", "failures:auth_failed"),
    "benched_account:*": ("failures:auth_failed", "failures:account_locked"),
    "accounts_resting": ("waits:no_account", "oldest:browser.*", "failures:auth_failed"),
    "account_ceilings": ("waits:no_account", "waits:ceiling_reached", "oldest:browser.*"),
    "dead_holders": ("waits:no_account", "oldest:browser.*"),
    "ceiling": ("waits:ceiling_reached",),
    "waits:*": ("oldest:*", "failure_rate:*"),
    "objects*": ("object_missing", "staging_missing", "failures:storage_failed", "failure_rate:*"),
    "object_missing": ("failures:storage_failed", "failure_rate:*"),
    "staging_missing": ("failures:storage_failed", "failures:charge_unproven", "charge_paid", "failure_rate:*"),
    "charge_unproven": ("failures:charge_unproven", "failures:document_timeout", "failure_rate:*"),
    "charge_paid": ("failures:bad_pdf", "failures:wrong_document", "failures:document_timeout", "failure_rate:*"),
    "failures:*": ("failure_rate:*", "charge_intent", "restarts:*"),
    "foreign_queue:*": ("rejected_messages:*",),
}  # fmt: skip


def arranged(findings: Sequence[Finding]) -> list[Finding]:
    """Faults first: each cause, then what it explains; failures before warnings; then what is well."""
    faults = [finding for finding in findings if finding.level is not Level.OK]
    roots = {id(finding): _root(finding, faults) for finding in faults}
    groups: dict[int, list[Finding]] = {}
    for finding in faults:
        root = roots[id(finding)]
        if root is finding:
            groups.setdefault(id(root), []).insert(0, finding)
        else:
            groups.setdefault(id(root), []).append(replace(finding, explained_by=root.name))
    # `faults` is in the order of the rules, and sorting keeps it within a level.
    ordered = [groups[id(finding)] for finding in faults if roots[id(finding)] is finding]
    ordered.sort(key=lambda group: all(finding.level is not Level.FAILURE for finding in group))
    return [finding for group in ordered for finding in group] + [f for f in findings if f.level is Level.OK]


def first(findings: Sequence[Finding]) -> Finding | None:
    """The cause to begin with."""
    return next((finding for finding in findings if finding.level is not Level.OK), None)


def _root(finding: Finding, faults: Sequence[Finding]) -> Finding:
    seen: list[Finding] = []
    while finding not in seen:
        seen.append(finding)
        cause = next((other for other in faults if other is not finding and _explains(other, finding)), None)
        if cause is None:
            return finding
        finding = cause
    return min(seen, key=faults.index)


def _explains(cause: Finding, effect: Finding) -> bool:
    if cause.environment and cause.environment != effect.environment:
        return False
    return any(
        fnmatchcase(effect.name, wanted.replace("=", cause.about))
        for name, effects in EXPLAINS.items()
        if fnmatchcase(cause.name, name)
        for wanted in effects
    )

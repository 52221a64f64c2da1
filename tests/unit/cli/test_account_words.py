"""What `registre accounts list` says of each account, and that --yes alone is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner

from registre.cli.accounts import condition
from registre.cli.charges import charges
from registre.db.account import AccountState
from registre.domain.account import NO_LIMITS, AccountLimits

READY = AccountState(uuid4(), "21B4101", "foncier", True, 0, None, None, None, None, None, True, None, None, 2, 300)
LATER = datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("state", "limits", "words"),
    [
        (READY, NO_LIMITS, "prêt"),
        (READY, AccountLimits(3, 450, 150), "prêt"),
        (READY, AccountLimits(daily_orders=2), "a acheté sa part du jour; reprend à minuit"),
        (READY, AccountLimits(daily_cents=449, price_cents=150), "a acheté sa part du jour; reprend à minuit"),
        (replace(READY, rest_until=LATER, rest_code="auth_failed"), NO_LIMITS, "au repos jusqu'à"),
        (replace(READY, is_active=False, benched_text="Compte verrouillé."), NO_LIMITS, "écarté: Compte verrouillé."),
        (replace(READY, encrypted=False), NO_LIMITS, "mot de passe en clair"),
        (replace(READY, failures=2), NO_LIMITS, "écarté: 2 connexions sans succès"),
    ],
)
def test_what_keeps_an_account_from_buying_is_said(state: AccountState, limits: AccountLimits, words: str) -> None:
    assert condition(state, limits).startswith(words)


@pytest.mark.parametrize("option", ["--yes", "--wait=3"])
def test_what_belongs_to_reconcile_is_refused_without_it(option: str) -> None:
    answer = CliRunner().invoke(charges, [option])
    assert (answer.exit_code, "--reconcile" in answer.output) == (2, True)

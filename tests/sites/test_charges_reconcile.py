"""`registre charges --reconcile` against the replica: differences of every kind planted, told, settled where proven."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from registre.accounts import Vault
from registre.cli.compared import compare_and_show
from registre.cli.output import Output
from registre.domain.request import Target
from registre.sandbox.foncier.options import NORMAL_ACCOUNTS
from registre.settings import Secret, Settings
from tests.sites.conftest import account as site_account
from tests.sites.conftest import acte, executable, index, plan

# one loop for all: a browser belongs to the loop that launched it
pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def installation(database_url, replica, tmp_path) -> Settings:
    path = next((found for kind in ("chromium-headless-shell", "chromium") if (found := executable(kind))), None)
    return Settings(
        state=tmp_path,
        database_url=Secret(database_url),
        secret_key=Secret(KEY),
        foncier_url=replica.url,
        chromium=path,
    )


def add_account(sql: psycopg.Connection, number: int) -> UUID:
    entry = NORMAL_ACCOUNTS[number]
    sealed = Vault(KEY.encode()).seal(entry.password)
    return sql.execute(
        "INSERT INTO public.worker_accounts (username, password) VALUES (%s, %s) RETURNING id", [entry.code, sealed]
    ).fetchone()[0]


async def buy(replica, page, request) -> tuple[Target, str]:
    target = (await replica.adapter.locate(page, request)).targets[0]
    delivery = await replica.adapter.buy(page, target)
    return target, delivery.note["demande"]


def book(sql, account: UUID, target: Target, state: str, *, demande: str | None = None, cents: int = 150) -> UUID:
    """A purchase of ours, a minute old, of an order that has ended."""
    [job] = sql.execute(
        "INSERT INTO registre.job (kind, request, state, error_code, created_at) "
        "VALUES ('index', '{}', 'failed', 'charge_unproven', now()) RETURNING id"
    ).fetchone()
    [document] = sql.execute(
        "INSERT INTO registre.document (document_key, kind, target, sha256, size, pages, object_key, path) "
        "VALUES ('k', 'index', '{}', repeat('a', 64), 1, 1, 'o', %s) RETURNING id",
        [str(uuid4())],
    ).fetchone()
    return sql.execute(
        "INSERT INTO registre.charge (job_id, document_key, target, account_id, amount_cents, state, demande, "
        "document_id, intent_at) VALUES (%s, gen_random_uuid()::text, %s, %s, %s, %s, %s, %s, "
        "now() - interval '1 min') RETURNING id",
        [job, Jsonb(target.to_json()), account, cents, state, demande, document if state == "have" else None],
    ).fetchone()[0]


async def compare(settings: Settings, capsys, *, yes: bool = False) -> tuple[int, dict]:
    output = Output()
    output.json = True
    code = await compare_and_show(output, settings, today=False, yes=yes, patience=timedelta(0))
    written = capsys.readouterr().out
    return code, json.loads(written[written.index("{\n") :])


def kinds(account: dict) -> list[tuple[str, str | None]]:
    return sorted((found["kind"], found["proves"]) for found in account["findings"])


async def test_each_kind_of_difference_is_told_and_only_what_is_proven_is_written(
    replica, desk, browser, installation, sql, capsys
):
    first, second, third = (add_account(sql, number) for number in (0, 1, 2))
    held, held_demande = await buy(replica, desk, index())
    lost, _ = await buy(replica, desk, acte())
    dear, dear_demande = await buy(replica, desk, plan("2", "Deux-Montagnes", "Mirabel"))
    _, foreign_demande = await buy(replica, desk, index("1425100"))
    context = await browser.new_context()
    other = await context.new_page()
    await replica.adapter.sign_in(other, site_account(1))
    known, known_demande = await buy(replica, other, index("2626043"))
    await context.close()
    book(sql, first, held, "have", demande=held_demande)
    doubt = book(sql, first, lost, "unproven")
    book(sql, first, dear, "have", demande=dear_demande, cents=175)
    gone = book(sql, first, Target(held.kind, "9999999", held.circonscription, held.cadastre), "paid", demande="99")
    book(sql, second, known, "have", demande=known_demande)
    unpaid = book(sql, second, Target(held.kind, "8888888", held.circonscription, held.cadastre), "intent")
    sql.execute("UPDATE public.worker_accounts SET is_active = false, benched_text = 'x' WHERE id = %s", [third])
    before = sql.execute("SELECT id, state, demande, amount_cents FROM registre.charge ORDER BY id").fetchall()

    code, told = await compare(installation, capsys)

    assert code == 1
    assert [kinds(account) for account in told["accounts"][:2]] == [
        [("amount", None), ("found", "paid"), ("matched", None), ("ours_only", None), ("theirs_only", None)],
        [("matched", None), ("ours_only", "void")],
    ]
    [stranger] = [f["theirs"]["demande"] for f in told["accounts"][0]["findings"] if f["kind"] == "theirs_only"]
    assert stranger == foreign_demande
    assert (told["accounts"][2]["findings"], told["accounts"][2]["trouble"]["code"]) == (None, "refused")
    assert sql.execute("SELECT id, state, demande, amount_cents FROM registre.charge ORDER BY id").fetchall() == before

    code, told = await compare(installation, capsys, yes=True)

    assert (code, told["settled"]) == (1, 2)
    now = dict(sql.execute("SELECT id, state FROM registre.charge").fetchall())
    assert (now[doubt], now[unpaid], now[gone]) == ("paid", "void", "paid")
    assert sql.execute(
        "SELECT name, data ->> 'was' FROM registre.event WHERE name LIKE 'charge.%%' ORDER BY 1"
    ).fetchall() == [
        ("charge.paid", "unproven"),
        ("charge.void", "intent"),
    ]
    [job] = sql.execute("SELECT job_id FROM registre.charge WHERE id = %s", [doubt]).fetchone()
    assert sql.execute("SELECT registre.requeue(%s, 'test')", [job]).fetchone() == ("fetch",)
    assert len(await replica.ledger()) == 5
    assert sql.execute("SELECT count(*) FROM public.worker_accounts WHERE lease_worker IS NOT NULL").fetchone() == (0,)


async def test_an_account_at_work_is_not_taken_and_a_bad_password_is_counted(replica, installation, sql, capsys):
    busy, wrong = add_account(sql, 0), add_account(sql, 1)
    sql.execute(
        "UPDATE public.worker_accounts SET lease_worker = 'w', lease_until = now() + interval '1 h' WHERE id = %s",
        [busy],
    )
    sql.execute(
        "UPDATE public.worker_accounts SET password = %s WHERE id = %s", [Vault(KEY.encode()).seal("non"), wrong]
    )

    code, told = await compare(installation, capsys)

    assert (code, [account["trouble"]["code"] for account in told["accounts"]]) == (1, ["no_account", "auth_failed"])
    assert sql.execute(
        "SELECT failure_count, is_active FROM public.worker_accounts WHERE id = %s", [wrong]
    ).fetchone() == (1, True)
    assert (await replica.logins(NORMAL_ACCOUNTS[0].code))["attempts"] == 0
    # it rests: not even this command tries it again at once
    code, told = await compare(installation, capsys)
    assert (await replica.logins(NORMAL_ACCOUNTS[1].code))["attempts"] == 1

"""The account pool against its model: one holder, the least recently used that may, benched at two, rests that grow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.fernet import Fernet
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from registre.accounts import Accounts, Vault
from registre.db import account as db
from registre.domain.account import Account, AccountLimits
from registre.domain.errors import AccountBenched, CeilingReached, LoginFailed, NoAccount
from registre.domain.job import Site
from tests.conftest import empty
from tests.integration.db.machines import World, play
from tests.integration.db.orders import place

VAULT = Vault(Fernet.generate_key())
LIMITS = AccountLimits(daily_orders=2, price_cents=150)
WORKERS = st.sampled_from(["w1", "w2"])
WHICH = st.integers(0, 2)
NAMES = st.sampled_from(["a", "b", "c"])


@dataclass
class Known:
    """The model of one account."""

    id: UUID
    failures: int = 0
    active: bool = True
    rests: bool = False
    used: int = 0
    bought: int = 0
    holder: str | None = None

    def usable(self) -> bool:
        return self.active and self.failures < 2

    def free(self) -> bool:
        return self.usable() and not self.rests and self.holder is None


class Pool(RuleBasedStateMachine):
    """What may happen to three accounts and two workers."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.run, self.sql, self.database = world.run, world.sql, world.database
        empty(self.sql)
        self.model = {name: Known(self._add(name)) for name in "abc"}
        self.pools = {
            worker: Accounts(
                self.database, VAULT, site=Site.FONCIER, worker=worker, lease=timedelta(minutes=1), limits=LIMITS
            )
            for worker in ("w1", "w2")
        }
        self.leased: dict[str, Account] = {}
        self.turn = 0

    def held(self) -> list[str]:
        """Accounts at work."""
        return [name for name, known in self.model.items() if known.holder]

    def _add(self, name: str) -> UUID:
        """Its number is the same in each play: of two never used the lower is leased first."""
        number = UUID(int="abc".index(name) + 1)
        self.sql.execute(
            "INSERT INTO public.worker_accounts (id, username, password) VALUES (%s, %s, %s)",
            [number, name, VAULT.seal("x")],
        )
        return number

    @rule(worker=WORKERS)
    def lease_any(self, worker: str) -> None:
        self.lease(worker, None)

    @rule(worker=WORKERS, wanted=st.sampled_from([None, "a", "b"]))
    def lease(self, worker: str, wanted: str | None) -> None:
        may = [name for name, known in self.model.items() if known.free() and wanted in {None, name}]
        if wanted is None:
            may = [name for name in may if self.model[name].bought < 2]
        try:
            account = self.run(self.pools[worker].lease(account=self.model[wanted].id if wanted else None))
        except CeilingReached:
            usable = [known for known in self.model.values() if known.usable()]
            assert wanted is None
            assert usable
            assert all(known.bought >= 2 for known in usable)
            return
        except (NoAccount, AccountBenched):
            assert not may
            return
        assert account.username == min(may, key=lambda name: (self.model[name].used, str(self.model[name].id)))
        known = self.model[account.username]
        self.turn += 1
        known.holder, known.used, known.failures = worker, self.turn, known.failures + 1
        self.leased[account.username] = account

    @precondition(lambda self: self.held())
    @rule(which=WHICH)
    def sign_in(self, which: int) -> None:
        name = self.held()[which % len(self.held())]
        known = self.model[name]
        self.run(self.pools[known.holder].signed_in(self.leased[name]))
        known.failures = 0

    @precondition(lambda self: self.held())
    @rule(which=WHICH, locked=st.sampled_from([False, False, True]))
    def refuse(self, which: int, locked: bool) -> None:
        name = self.held()[which % len(self.held())]
        known = self.model[name]
        if not known.failures:
            return  # it has signed in since
        error = AccountBenched() if locked else LoginFailed()
        self.run(self.pools[known.holder].refused(self.leased[name], error))
        known.active = known.active and not locked and known.failures < 2
        known.rests, known.holder = True, None

    @precondition(lambda self: self.held())
    @rule(which=WHICH)
    def no_answer(self, which: int) -> None:
        name = self.held()[which % len(self.held())]
        known = self.model[name]
        if not known.failures:
            return  # it has signed in since
        self.run(self.pools[known.holder].unsure(self.leased[name], "page_timeout"))
        known.failures, known.rests, known.holder = known.failures - 1, True, None

    @precondition(lambda self: self.held())
    @rule(which=WHICH)
    def give_back(self, which: int) -> None:
        name = self.held()[which % len(self.held())]
        known = self.model[name]
        self.run(self.pools[known.holder].release(self.leased[name]))
        known.failures, known.holder = max(0, known.failures - 1), None

    @precondition(lambda self: self.held())
    @rule(which=WHICH)
    def the_holder_dies(self, which: int) -> None:
        """Its lease ends; what it does later is not heard."""
        name = self.held()[which % len(self.held())]
        known = self.model[name]
        self.sql.execute(
            "UPDATE public.worker_accounts SET lease_until = now() - interval '1 s' WHERE username = %s", [name]
        )
        self.run(self._free())
        self.run(self.pools[known.holder].refused(self.leased[name], LoginFailed()))
        known.holder = None

    @precondition(lambda self: any(known.rests for known in self.model.values()))
    @rule()
    def rests_end(self) -> None:
        self.sql.execute("UPDATE public.worker_accounts SET rest_until = now() - interval '1 s'")
        for known in self.model.values():
            known.rests = False

    @rule(name=NAMES)
    def buy(self, name: str) -> None:
        _, job_id = place(self.sql)
        self.sql.execute(
            "INSERT INTO registre.charge (job_id, document_key, target, account_id, amount_cents) "
            "VALUES (%s, gen_random_uuid()::text, '{}', %s, 150)",
            [job_id, self.model[name].id],
        )
        self.model[name].bought += 1

    @precondition(lambda self: any(known.bought for known in self.model.values()))
    @rule()
    def midnight(self) -> None:
        self.sql.execute("UPDATE registre.charge SET intent_at = intent_at - interval '1 day'")
        for known in self.model.values():
            known.bought = 0

    @precondition(lambda self: not all(known.usable() for known in self.model.values()))
    @rule(name=NAMES)
    def a_person_enables(self, name: str) -> None:
        self.run(self._enable(name))
        known = self.model[name]
        known.active, known.failures, known.rests = True, 0, False

    @invariant()
    def table_and_model_agree(self) -> None:
        rows = self.sql.execute(
            "SELECT username, failure_count, is_active, coalesce(rest_until > now(), false), lease_worker "
            "FROM public.worker_accounts ORDER BY username"
        ).fetchall()
        assert rows == [
            (name, known.failures, known.active, known.rests, known.holder) for name, known in self.model.items()
        ]

    async def _free(self) -> None:
        async with self.database.connection() as connection:
            await db.free_accounts(connection)

    async def _enable(self, name: str) -> None:
        async with self.database.connection() as connection:
            await db.set_account_active(connection, username=name, site="foncier", active=True)


def test_whatever_happens_to_them_accounts_obey_their_model(database_url: str) -> None:
    play(database_url, Pool, examples=15, steps=50)

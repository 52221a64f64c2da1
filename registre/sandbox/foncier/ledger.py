"""The money: every charge, in memory and in an append-only file that survives the process."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from registre.domain.request import DocumentKind, Target, TypeActe

Product = Literal["index", "acte", "plan"]
_KINDS = {"index": DocumentKind.INDEX, "acte": DocumentKind.ACTE, "plan": DocumentKind.PLAN}


class Charge(BaseModel):
    """One document billed to one account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: 1, 2, 3 … over the ledger's life
    number: int
    #: ISO, UTC, to the millisecond
    at: str
    account: str
    product: Product
    circonscription: str
    cadastre: str | None = None
    designation_secondaire: str | None = None
    type_acte: str | None = None
    #: lot or numéro d'inscription, without spaces
    numero: str
    plan_titre: str | None = None
    plan_date: str | None = None
    demande: str
    #: the site's own name of the session, not its cookie
    session: str
    cents: int = 150

    @property
    def key(self) -> str:
        """Same natural key as `Target.key` of the order it should belong to."""
        return Target(
            kind=_KINDS[self.product],
            number=self.numero,
            circonscription=self.circonscription,
            cadastre=self.cadastre,
            designation_secondaire=self.designation_secondaire,
            type_acte=TypeActe(self.type_acte) if self.type_acte else None,
        ).key

    def shown(self) -> dict[str, object]:
        """Plain JSON values, the key included."""
        return {**self.model_dump(mode="json"), "key": self.key}


class Ledger:
    """All charges, oldest first. A charge is on disk before anyone sees it."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self.charges: list[Charge] = _read_back(path) if path else []

    async def append(self, charge: Charge) -> Charge:
        """Number the charge, write it through to the disk, then keep it."""
        async with self._lock:
            numbered = charge.model_copy(update={"number": len(self.charges) + 1})
            if self._path:
                await asyncio.to_thread(_write_through, self._path, numbered.model_dump_json() + "\n")
            self.charges.append(numbered)
        return numbered

    async def clear(self) -> None:
        """Forget every charge, on disk too."""
        async with self._lock:
            if self._path:
                await asyncio.to_thread(self._path.write_bytes, b"")
            self.charges.clear()

    def of_account(self, account: str) -> list[Charge]:
        """An account's charges, newest first."""
        return [charge for charge in reversed(self.charges) if charge.account == account]

    def find(self, account: str, demande: str) -> Charge | None:
        """The account's charge for this demand."""
        return next((charge for charge in self.of_account(account) if charge.demande == demande), None)


def _write_through(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _read_back(path: Path) -> list[Charge]:
    """Charges of an earlier life. A last line cut short by a crash was never shown to anyone: it is dropped."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return []
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if whole != raw:
        path.write_bytes(whole)
    try:
        return [Charge.model_validate_json(line) for line in whole.splitlines()]
    except ValidationError as exc:
        raise ValueError(f"{path} is not a ledger of this sandbox") from exc

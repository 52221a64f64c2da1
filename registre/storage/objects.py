"""The object store behind five verbs, so that nothing relies on what local folders and S3 do differently."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from registre.domain.errors import StorageFailed

if TYPE_CHECKING:
    from obstore import ListStream, ObjectMeta
    from obstore.store import ObjectStore

#: What obstore raises for a missing object differs by back end.
_MISSING = (FileNotFoundError,)
_FAILED = (BaseError, OSError)


class Objects:
    """Objects under one root: a folder, or `s3://bucket[/prefix]` (credentials from the AWS variables)."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._store: ObjectStore | None = None

    @property
    def store(self) -> ObjectStore:
        """Opened at first use."""
        if self._store is None:
            if self.root.startswith("s3://"):
                self._store = S3Store.from_url(self.root)
            else:
                self._store = LocalStore(Path(self.root).absolute(), mkdir=True)
        return self._store

    async def put(self, key: str, content: bytes) -> None:
        """Write and read back: the object is whole or the call fails.

        Raises:
            StorageFailed: disk full, no permission, no network, or other bytes came back.
        """
        try:
            await obstore.put_async(self.store, key, content)
        except _FAILED as exc:
            raise StorageFailed(f"Le stockage a refusé {key}: {_reason(exc)}") from exc
        if hashlib.sha256(await self.get(key)).digest() != hashlib.sha256(content).digest():
            raise StorageFailed(f"Le stockage a rendu d'autres octets pour {key}.")

    async def get(self, key: str) -> bytes:
        """Raises StorageFailed, also when there is no such object."""
        try:
            return bytes(await (await obstore.get_async(self.store, key)).bytes_async())
        except _FAILED as exc:
            raise StorageFailed(f"Le stockage ne rend pas {key}: {_reason(exc)}") from exc

    async def find(self, key: str) -> bytes | None:
        """The bytes, or None where there is no such object."""
        return await self.get(key) if await self.exists(key) else None

    async def exists(self, key: str) -> bool:
        """Whether there is such an object. Raises StorageFailed when the store does not say."""
        try:
            await obstore.head_async(self.store, key)
        except _MISSING:
            return False
        except _FAILED as exc:
            raise StorageFailed(f"Le stockage ne répond pas pour {key}: {_reason(exc)}") from exc
        return True

    async def listed(self, prefix: str) -> AsyncGenerator[list[tuple[str, datetime]]]:
        """Keys below a prefix with the time of their writing, some hundreds at a time.

        The listing runs in a thread: obstore's own asynchronous one aborts some processes at their end (seen, 0.12).
        """
        stream = obstore.list(self.store, prefix=prefix)  # pyright: ignore[reportUnknownMemberType]  another overload
        while found := await asyncio.to_thread(_following, stream):
            yield [(entry["path"], entry["last_modified"]) for entry in found]

    async def delete(self, key: str) -> None:
        """Remove; a missing object is fine."""
        try:
            await obstore.delete_async(self.store, key)
        except _MISSING:
            return
        except _FAILED as exc:
            raise StorageFailed(f"Le stockage n'efface pas {key}: {_reason(exc)}") from exc

    def locate(self, key: str) -> str:
        """Where a person finds the object: a path, or an address in S3."""
        return f"{self.root.rstrip('/')}/{key}"


def _following(stream: ListStream[Sequence[ObjectMeta]]) -> Sequence[ObjectMeta]:
    try:
        return next(stream, ())
    except _FAILED as exc:
        raise StorageFailed(f"Le stockage ne se laisse pas parcourir: {_reason(exc)}") from exc


def _reason(exc: BaseException) -> str:
    return str(exc).splitlines()[0][:300] if str(exc) else type(exc).__name__

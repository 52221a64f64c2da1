"""The object store over a local folder: whole or not at all."""

from __future__ import annotations

import pytest

from registre.domain.errors import StorageFailed
from registre.storage.objects import Objects


async def test_what_was_put_comes_back(tmp_path) -> None:
    objects = Objects(str(tmp_path / "new"))

    await objects.put("index/a.pdf", b"x" * 1000)

    assert await objects.get("index/a.pdf") == b"x" * 1000
    assert (tmp_path / "new" / "index" / "a.pdf").read_bytes() == b"x" * 1000


async def test_putting_again_replaces(tmp_path) -> None:
    objects = Objects(str(tmp_path))
    await objects.put("k", b"one")

    await objects.put("k", b"two")

    assert await objects.get("k") == b"two"


async def test_a_missing_object_is_none_when_looked_for_and_an_error_when_needed(tmp_path) -> None:
    objects = Objects(str(tmp_path))

    assert await objects.find("absent") is None
    with pytest.raises(StorageFailed, match="absent"):
        await objects.get("absent")


async def test_deleting_twice_is_fine(tmp_path) -> None:
    objects = Objects(str(tmp_path))
    await objects.put("k", b"x")

    await objects.delete("k")
    await objects.delete("k")

    assert await objects.find("k") is None


async def test_a_place_that_cannot_be_written_says_so(tmp_path) -> None:
    (tmp_path / "index").write_text("a file where the folder should be")

    with pytest.raises(StorageFailed, match=r"index/a\.pdf"):
        await Objects(str(tmp_path)).put("index/a.pdf", b"x")


async def test_other_bytes_read_back_are_a_failure(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = Objects(str(tmp_path))

    async def wrong(_key: str) -> bytes:
        return b"other"

    monkeypatch.setattr(objects, "get", wrong)
    with pytest.raises(StorageFailed, match="autres octets"):
        await objects.put("k", b"x")

"""The files readers read: one a document, kept for its next page, gone with their owner."""

from __future__ import annotations

import pytest

from registre.ocr.spool import Spool


async def test_a_document_is_written_once_and_kept_for_its_next_page():
    spool = Spool()
    async with spool.hold(b"one") as path, spool.hold(b"one") as again:
        assert (path, path.read_bytes()) == (again, b"one")
    async with spool.hold(b"one") as later:
        assert later == path
    await spool.close()
    assert not path.exists()


async def test_the_oldest_go_but_none_that_is_being_read():
    spool = Spool()
    async with spool.hold(b"read") as held:
        others = []
        for number in range(10):
            async with spool.hold(b"%d" % number) as path:
                others.append(path)
        assert held.exists()
        assert [path.exists() for path in others] == [False] * 3 + [True] * 7
    await spool.close()


async def test_closing_while_a_page_is_read_lets_its_own_error_through():
    spool = Spool()

    async def read():
        async with spool.hold(b"one"):
            await spool.close()
            raise ConnectionError("its own")

    with pytest.raises(ConnectionError, match="its own"):
        await read()
    async with spool.hold(b"one") as path:
        assert path.exists()
    await spool.close()

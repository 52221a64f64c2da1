"""The proxy of chaos: passes everything, and cuts, refuses, falls silent or loses an answer when told to."""

from __future__ import annotations

import asyncio

import pytest
from chaos_lib.proxy import Proxy


@pytest.fixture
async def served():
    """A server that answers `got …`, what it was asked so far, and a proxy before it that marks `pay`."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            asked.append(data)
            writer.write(b"got " + data)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1], mark=(b"pay",))
    await proxy.open()
    yield proxy, asked
    await proxy.close()
    server.close()


async def ask(proxy: Proxy, words: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(words)
        return await asyncio.wait_for(reader.read(100), 5)
    finally:
        writer.close()


async def test_everything_passes(served) -> None:
    proxy, _ = served

    assert await ask(proxy, b"hello") == b"got hello"


async def test_a_lost_answer_was_asked_and_only_the_marked_one_is_lost(served) -> None:
    proxy, asked = served
    proxy.to_lose = 1

    assert await ask(proxy, b"look") == b"got look"
    with pytest.raises(ConnectionResetError):
        await ask(proxy, b"pay")
    assert await ask(proxy, b"pay again") == b"got pay again"

    assert asked == [b"look", b"pay", b"pay again"]
    assert proxy.lost == 1


async def test_a_cut_resets_what_is_open(served) -> None:
    proxy, _ = served
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"hello")
    await reader.read(100)

    proxy.cut()

    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(100), 5)


async def test_refused_connections_break_until_it_ends(served) -> None:
    proxy, _ = served
    refusing = asyncio.create_task(proxy.refuse(0.2))
    await asyncio.sleep(0)

    with pytest.raises(ConnectionResetError):
        await ask(proxy, b"hello")
    await refusing

    assert await ask(proxy, b"hello") == b"got hello"


async def test_silence_holds_everything_back_and_gives_it_afterwards(served) -> None:
    proxy, asked = served
    silent = asyncio.create_task(proxy.silence(0.3, then_cut=False))
    await asyncio.sleep(0)
    asking = asyncio.create_task(ask(proxy, b"hello"))
    await asyncio.sleep(0.1)

    assert asked == []
    assert await asking == b"got hello"
    assert silent.done()


async def test_what_a_marked_connection_should_have_heard_is_lost(served) -> None:
    proxy, asked = served
    silent = asyncio.create_task(proxy.silence_marked(0.3))
    await asyncio.sleep(0)

    with pytest.raises(ConnectionResetError):
        await ask(proxy, b"pay")
    await silent

    assert asked == [b"pay"]

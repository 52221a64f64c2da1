"""Asks Redis in its own words, step by step: the library would take longer to load than the whole diagnosis."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

_PATIENCE_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What Redis said."""

    #: the step that failed: connexion, mot de passe, PING, SET, GET, DEL; empty when all went well
    failed: str = ""
    reason: str = ""
    version: str = ""
    memory: int = 0
    #: 0: no limit
    memory_limit: int = 0
    keys: int = 0


class _Refused(Exception):
    pass


async def probe(url: str) -> Answer:
    """Connect, sign in, ping; write, read and delete a key that expires by itself; ask what it is."""
    step = "connexion"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await _connect(url)
            try:
                steps = _steps(url)
                found = ""
                while steps:
                    step, command = steps.pop(0)
                    found = await _ask(reader, writer, *command)
            finally:
                writer.close()
    except TimeoutError:
        return Answer(step, f"aucune réponse en {_PATIENCE_S:g} s")
    except (_Refused, OSError, ValueError, asyncio.IncompleteReadError) as exc:
        return Answer(step, str(exc) or type(exc).__name__)
    keys = sum(int(count) for count in re.findall(r"^db\d+:keys=(\d+)", found, re.MULTILINE))
    memory, limit = _number(found, "used_memory"), _number(found, "maxmemory")
    return Answer("", "", _field(found, "redis_version"), memory, limit, keys)


def _steps(url: str) -> list[tuple[str, tuple[str, ...]]]:
    parts, key = urlsplit(url), f"registre:diagnose:{uuid4()}"
    steps: list[tuple[str, tuple[str, ...]]] = []
    if parts.password:
        name = (unquote(parts.username),) if parts.username else ()
        steps.append(("mot de passe", ("AUTH", *name, unquote(parts.password))))
    if parts.path.strip("/"):
        steps.append(("SELECT", ("SELECT", parts.path.strip("/"))))
    return [
        *steps,
        ("PING", ("PING",)),
        ("SET", ("SET", key, "1", "EX", "5")),
        ("GET", ("GET", key)),
        ("DEL", ("DEL", key)),
        ("INFO", ("INFO",)),
    ]


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"}:
        raise ValueError("l'adresse doit commencer par redis:// ou rediss://")
    secure = True if parts.scheme == "rediss" else None
    return await asyncio.open_connection(parts.hostname or "127.0.0.1", parts.port or 6379, ssl=secure)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *words: str) -> str:
    encoded = [word.encode() for word in words]
    writer.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
    await writer.drain()
    line = (await reader.readuntil(b"\r\n")).decode(errors="replace").rstrip()
    if line.startswith("-"):
        raise _Refused(line[1:])
    if line.startswith("$") and line != "$-1":
        return (await reader.readexactly(int(line[1:]) + 2))[:-2].decode(errors="replace")
    return line[1:]


def _field(text: str, name: str) -> str:
    found = re.search(rf"^{name}:(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _number(text: str, name: str) -> int:
    return int(_field(text, name) or 0)

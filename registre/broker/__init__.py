"""The message broker: dramatiq-pg's table and message format, with a consumer of our own.

Why not the stock consumer: it takes an advisory lock a message (12.8k of them end the server), runs jobs twice when a
connection drops, finds a dead host's messages by a dice roll, and knows no order. Here instead, for each source one
thread with one connection (`hub.py`): batch claims with `FOR UPDATE SKIP LOCKED` in priority and age order, a lease
refreshed by one statement, a claim number as fence, delays that stay in the table until due, NOTIFY only as a wake-up.
Slots are shared between the sources, the first one first (`slots.py`).

Two layers on purpose: this lease makes work go on; the job row's fenced lease decides, and the ledger forbids. Hence
an acknowledgement may be lost (a crash between the end of the work and the next claim, or a holder cut off longer than
its lease): the message runs again and finds nothing to claim.
"""

from __future__ import annotations

from registre.broker.job_broker import JobBroker
from registre.broker.source import Source

__all__ = ["JobBroker", "Source"]

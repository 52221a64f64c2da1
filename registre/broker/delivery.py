# pyright: basic
# dramatiq ships no types.
"""A claimed message on its way to a worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dramatiq.broker import MessageProxy
from dramatiq.errors import DecodeError
from dramatiq.message import Message

if TYPE_CHECKING:
    from registre.broker.hub import Hub

#: What decoding a message that someone else wrote may raise.
UNDECODABLE = (DecodeError, TypeError, KeyError, AttributeError, ValueError)


class Delivery(MessageProxy):
    """A claimed message, and where it came from."""

    def __init__(self, message: Message, hub: Hub, claim: int, number: int) -> None:
        super().__init__(message)
        self.hub = hub
        self.claim = claim
        self.number = number

    def __lt__(self, other: Any) -> bool:
        """The worker's queue keeps the order of the claims."""
        return self.number < other.number


def decode(text: str, *, queue: str, message_id: str, environment: str) -> Message:
    """The message, if it is this row's: the worker finds consumer and claim by what the message says of itself.

    Raises:
        one of UNDECODABLE: it is not a message, or another's.
    """
    message = Message.decode(text.encode())
    if (message.queue_name, message.message_id) != (queue, message_id):
        raise ValueError("queue or id differ from the row's")
    if not isinstance(message.options, dict):
        raise TypeError("options are no object")
    message.kwargs["environment"] = environment
    return message

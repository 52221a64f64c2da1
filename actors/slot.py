"""What a process is called."""

from __future__ import annotations

import os
import socket


def capacity_name(role: str) -> str:
    """What leases on the machine are signed with: the slot where the Procfile's launcher names one, else the process.
    A restarted slot replaces what it held."""
    return slot_name(role) if "HONCHO_PROCESS_NAME" in os.environ else f"{slot_name(role)}.{os.getpid()}"


def slot_name(role: str) -> str:
    """`host-browser.1`: the Procfile's slot, the same after a restart."""
    return f"{socket.gethostname()}-{os.environ.get('HONCHO_PROCESS_NAME', role)}"

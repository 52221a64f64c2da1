from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from registre.embedded import process
from registre.embedded.process import Identity


def test_the_kept_port_is_used_again_while_it_is_free(tmp_path):
    port = process.choose_port(tmp_path / "port")
    (tmp_path / "port").write_text(str(port))

    assert process.choose_port(tmp_path / "port") == port


def test_a_kept_port_that_listens_is_replaced(tmp_path):
    port = process.choose_port(tmp_path / "port")
    (tmp_path / "port").write_text(str(port))

    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        assert process.choose_port(tmp_path / "port") != port


def test_a_process_is_recognised_by_its_arguments_only():
    own = Path("/proc/self/cmdline").read_bytes().split(b"\0")[0]

    assert process.is_running(os.getpid(), Path(os.fsdecode(own)))
    assert not process.is_running(os.getpid(), Path("/no/such/argument"))


async def test_a_command_past_its_time_is_killed_and_one_that_cannot_start_says_so():
    sleeper = await process.run(Identity(), sys.executable, "-c", "import time; time.sleep(60)", patience_s=0.2)
    absent = await process.run(Identity(), "/no/such/program")

    assert sleeper[0] == 124
    assert absent[0] == 127


def test_a_log_past_its_limit_is_put_aside(tmp_path):
    log = tmp_path / "log"
    log.write_text("12345")

    assert process.rotate(log) == 5
    assert process.rotate(log, limit=4) == 0
    assert (tmp_path / "log.1").read_text() == "12345"

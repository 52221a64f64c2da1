"""Who keeps the processes alive: systemd where it runs the machine, else supervisor; both start them at boot."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import jinja2
from honcho import environ
from honcho.export.systemd import Export
from supervisor.xmlrpc import SupervisorTransport

from deploy_lib.place import ROLES, Place

_HERE = Path(__file__).resolve().parent
#: A process gets its grace period and this much more before it is killed.
_BEYOND_GRACE_S = 15
#: A unix socket's path may not be longer.
_SOCKET = 100


class Keeper(Protocol):
    """Keeps what `bin/launch` starts."""

    name: str

    def configure(self) -> None:
        """Write how many processes of what there are; changes nothing that runs."""

    def stop(self, role: str) -> None:
        """End the processes of a role, within their grace period; returns when they are gone."""

    def start(self, role: str) -> None:
        """Begin them, as many as configured."""

    def logs(self, role: str, lines: int) -> str:
        """The newest lines of a role."""

    def at_boot(self) -> str:
        """What makes them start with the machine, for a person."""


def keeper(place: Place, wanted: str | None) -> Keeper:
    """`system` or `user` for systemd, `supervisor`; None: systemd where it runs."""
    if wanted is None:
        runs = Path("/run/systemd/system").exists()
        wanted = "supervisor" if not runs else "system" if os.geteuid() == 0 else "user"
    return Supervisor(place) if wanted == "supervisor" else Systemd(place, user=wanted == "user")


def write_launcher(place: Place) -> None:
    """`bin/launch ROLE` and `bin/registre …`: they follow the links, so they never change."""
    files = {
        "launch": f"""#!/bin/sh
# One process of role $1, of the release and with the settings in force now.
cd -P {place.root}/roles/"$1" || exit 15
PYTHONPATH=scripts exec .venv/bin/python -m deploy_lib.launch {place.root} "$1"
""",
        "registre": f"""#!/bin/sh
# The command line of the deployed release, with its settings.
cd_from=$PWD; cd -P {place.root}/current || exit 15; release=$PWD; cd "$cd_from" || exit 1
PYTHONPATH="$release:$release/scripts" exec "$release/.venv/bin/python" -P -m deploy_lib.command {place.root} "$@"
""",
    }
    for name, text in files.items():
        path = place.bin / name
        path.write_text(text)
        path.chmod(0o755)


def patience(place: Place) -> int:
    """Seconds between asking a process to end and killing it."""
    return round(float(place.environment().get("REGISTRE_GRACE_SECONDS") or 3)) + _BEYOND_GRACE_S


class Supervisor:
    """supervisor: pure Python, no privileges; for containers and machines without systemd."""

    name = "supervisor"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file = place.run / "supervisord.conf"
        socket = place.run / "supervisor.sock"
        if len(str(socket)) > _SOCKET:
            socket = Path(tempfile.gettempdir()) / f"registre-{sha256(str(place.root).encode()).hexdigest()[:12]}.sock"
        self._socket = socket

    @property
    def _rpc(self) -> Any:
        """Its methods; a connection once refused would stay so."""
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor

    def configure(self) -> None:
        text = (_HERE / "supervisord" / "supervisord.conf").read_text()
        template = jinja2.Template(text, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        self._file.write_text(
            template.render(
                root=self._place.root,
                logs=self._place.logs,
                socket=self._socket,
                counts={role: self._place.counts()[role] for role in ROLES},
                patience=patience(self._place),
            )
        )
        if not self._runs():
            for mark in self._place.run.glob("*.started"):
                mark.unlink()

    def stop(self, role: str) -> None:
        if not self._runs():
            return
        if role in self._groups():
            self._rpc.stopProcessGroup(role, True)
            self._rpc.removeProcessGroup(role)
        for mark in self._place.run.glob(f"{role}.*.started"):
            mark.unlink()

    def start(self, role: str) -> None:
        if not self._runs():
            self._begin(role)
            return
        self._rpc.reloadConfig()
        if role not in self._groups():
            self._rpc.addProcessGroup(role)

    def _begin(self, role: str) -> None:
        """supervisord starts all it knows, so it first learns of one role only."""
        whole = self._file.read_text()
        parts = whole.split("[program:")
        self._file.write_text(
            "[program:".join([parts[0], *(part for part in parts[1:] if part.startswith(f"{role}]"))])
        )
        program = Path(sys.executable).with_name("supervisord")
        # Its folder is no release's: it outlives them.
        subprocess.run([program, "-c", self._file], cwd=self._place.root, check=True, stdout=subprocess.DEVNULL)
        self._file.write_text(whole)
        for _ in range(100):
            if self._runs():
                return
            time.sleep(0.1)
        raise RuntimeError(f"supervisord ne répond pas: {self._place.logs / 'supervisord.log'}")

    def logs(self, role: str, lines: int) -> str:
        return tail(sorted(self._place.logs.glob(f"{role}.*.log")), lines)

    def at_boot(self) -> str:
        return f"@reboot {self._place.bin / 'start'}   (crontab -e), ou cette commande dans le conteneur"

    def down(self) -> None:
        """End it and all it keeps, in order of priority."""
        if self._runs():
            self._rpc.shutdown()
            while self._runs():
                time.sleep(0.1)

    def states(self) -> list[dict[str, Any]]:
        """What it says of each process."""
        return self._rpc.getAllProcessInfo() if self._runs() else []

    def _groups(self) -> set[str]:
        return {found["group"] for found in self._rpc.getAllProcessInfo()}

    def _runs(self) -> bool:
        try:
            return self._rpc.getState()["statename"] in {"RUNNING", "RESTARTING", "SHUTDOWN"}
        except (OSError, xmlrpc.client.Fault, xmlrpc.client.ProtocolError):
            return False


class Systemd:
    """Units exported from the Procfile; the machine's own, or the user's."""

    name = "systemd"

    def __init__(self, place: Place, *, user: bool) -> None:
        self._place = place
        self._user = user
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self.folder = config / "systemd/user" if user else Path("/etc/systemd/system")

    def configure(self) -> None:
        self.write(self.folder)
        self._systemctl("daemon-reload")
        self._systemctl("enable", "registre.target")

    def write(self, folder: Path) -> list[Path]:
        """The unit files; those of slots that are no more go."""
        folder.mkdir(parents=True, exist_ok=True)
        counts = self._place.counts()
        processes = environ.expand_processes({role: role for role in ROLES}, counts)
        context = {
            "app": "registre",
            "app_root": str(self._place.root),
            "shell": "/bin/sh",
            "user": getpass.getuser(),
            "unprivileged": self._user,
            "patience": patience(self._place),
            "memory": self._place.environment().get("REGISTRE_MEMORY_MAX") or "2G",
        }
        written: list[Path] = []
        for file in Export(template_dir=str(_HERE / "systemd")).render(processes, context):
            path = folder / file.name
            path.write_text(f"{file.content}\n")
            written.append(path)
        for stale in set(folder.glob("registre-*.service")) - set(written):
            stale.unlink()
        return written

    def stop(self, role: str) -> None:
        if (self.folder / f"registre-{role}.target").exists():
            # Its services are part of it.
            self._systemctl("stop", f"registre-{role}.target")

    def start(self, role: str) -> None:
        self._systemctl("reset-failed", *self._units(role), check=False)
        self._systemctl("start", f"registre-{role}.target", *self._units(role))
        self._systemctl("start", "registre.target")

    def logs(self, role: str, lines: int) -> str:
        units = [word for unit in self._units(role) for word in ("-u", unit)]
        scope = ["--user"] if self._user else []
        return subprocess.run(
            ["journalctl", *scope, *units, "-n", str(lines), "-o", "cat", "--no-pager"],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip

    def at_boot(self) -> str:
        return "loginctl enable-linger   (unités de l'utilisateur)" if self._user else "systemctl enable: fait"

    def _units(self, role: str) -> list[str]:
        return [f"registre-{role}-{number + 1}.service" for number in range(self._place.counts()[role])]

    def _systemctl(self, *words: str, check: bool = True) -> None:
        scope = ["--user"] if self._user else []
        subprocess.run(["systemctl", *scope, *words], check=check)


def tail(files: Iterable[Path], lines: int) -> str:
    """The newest lines of each, under its name."""
    shown: list[str] = []
    for file in files:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 400 * lines))
            last = log.read().decode(errors="replace").splitlines()[-lines:]
        if last:
            shown += [f"── {file.name}", *last]
    return "\n".join(shown)

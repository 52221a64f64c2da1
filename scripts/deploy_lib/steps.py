"""The steps of a deployment, in order; the first that fails ends it, with its name and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy_lib.keepers import Keeper, Supervisor, write_launcher
from deploy_lib.living import living
from deploy_lib.place import ROLES, Place, stamp

CLONE = Path(__file__).resolve().parents[2]
#: Step → what the deployment ends with when it fails; 12 and 15 are a worker process's own for the same cause.
EXITS = {
    "tirer": 20, "installer": 15, "inventorier": 21, "migrer": 12, "arrêter": 22, "démarrer": 23, "vérifier": 24,
}  # fmt: skip
#: How long new processes may take until they say that they are there.
_READY_S = 90
#: How long processes that others started may take to end.
_STRANGERS_S = 30


class StepFailed(Exception):
    """A step did not do what it is for."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"étape « {step} » échouée: {why}")
        self.exits = EXITS[step]


class Deployment:
    """One run of `scripts/deploy`."""

    def __init__(self, place: Place, keeper: Keeper, roles: tuple[str, ...]) -> None:
        self.place = place
        self.keeper = keeper
        self.roles = roles
        #: seconds without any worker of these roles, and until all were back
        self.gap_s = 0.0
        self.began = time.monotonic()
        self._faults_before: set[str] = set()

    def deploy(self, *, quick: bool, pulled: bool) -> None:
        """From the clone to new processes at work."""
        if not (quick or pulled):
            self._pull()
        release = self._install(quick=quick)
        self._take_stock(release)
        self._migrate(release)
        # Only now: without its tables this release sees nothing. What is broken already is no fault of the deployment.
        told = self.registre(release, "diagnose", "--json").stdout
        self._faults_before = faults(told)
        (max(self.place.inventories.iterdir()) / "diagnose.json").write_text(told)
        self.replace(release)
        self.verify(release)
        for gone in self.place.prune():
            say(f"release retirée: {gone.name}")

    def roll_back(self) -> None:
        """To the release that was at work before; the tables stay, they only grow."""
        here = self.place.release_of(self.roles[0])
        before = self.place.before(here) if here else None
        if before is None:
            raise StepFailed("installer", "aucune release précédente")
        say(f"retour de {here.name if here else '?'} à {before.name}")
        # What was broken before the deployment that is taken back; a look now would take time that this must not take.
        taken = sorted(self.place.inventories.glob("*/diagnose.json"))
        self._faults_before = faults(taken[-1].read_text()) if taken else set()
        self.replace(before)
        self.verify(before)

    # --- steps ---

    def _pull(self) -> None:
        upstream = run(["git", "rev-parse", "--abbrev-ref", "@{upstream}"], cwd=CLONE)
        if upstream.returncode:
            say("tirer        aucun dépôt amont: la révision du clone")
            return
        with step("tirer"):
            checked("tirer", ["git", "pull", "--ff-only", "--quiet"], cwd=CLONE)
        # What was pulled may deploy differently.
        os.execv(CLONE / "scripts/deploy", ["scripts/deploy", *sys.argv[1:], "--pulled"])

    def _install(self, *, quick: bool) -> Path:
        with step("installer"):
            commit = checked("installer", ["git", "rev-parse", "HEAD"], cwd=CLONE).strip()
            if run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=CLONE).stdout.strip():
                say("             attention: le clone a des changements non commis; ils ne sont pas déployés")
            there = self.place.release_of(self.roles[0])
            if there is not None and (there / "REVISION").read_text().strip() == commit:
                return there
            release = self.place.new_release(commit)
            try:
                self._fill(release, quick=quick)
            except BaseException:
                shutil.rmtree(release, ignore_errors=True)
                raise
            return release

    def _fill(self, release: Path, *, quick: bool) -> None:
        archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=CLONE, stdout=subprocess.PIPE)
        checked("installer", ["tar", "-x", "-C", str(release)], stdin=archive.stdout)
        if archive.wait():
            raise StepFailed("installer", "git archive")
        if quick:
            (release / ".venv").symlink_to(self._lender(release))
        else:
            checked("installer", [str(release / "scripts/bootstrap")], cwd=release)
        names = "actors.roles, registre.cli.app, registre.db.migrate as m; m.migrations()"
        checked("installer", [str(release / ".venv/bin/python"), "-c", f"import {names}"], cwd=release)
        # Three processes that compile the program at once take three times as long to be there.
        compiler = [str(release / ".venv/bin/python"), "-m", "compileall", "-q", "registre", "actors"]
        checked("installer", compiler, cwd=release)

    def _lender(self, release: Path) -> Path:
        """A .venv made from the same lock."""
        wanted = (release / "requirements.lock").read_bytes()
        for owner in (self.place.release_of(self.roles[0]), CLONE):
            if owner and (owner / ".venv").exists() and (owner / "requirements.lock").read_bytes() == wanted:
                return (owner / ".venv").resolve()
        raise StepFailed("installer", "requirements.lock a changé: recommencez sans --quick")

    def _take_stock(self, release: Path) -> None:
        """What there was: processes, settings without secrets, versions; to look at when something went wrong."""
        with step("inventorier"):
            if not self.place.settings.exists():
                self.place.write_settings()
                say(f"             réglages gardés dans {self.place.settings}")
            folder = self.place.inventories / stamp()
            folder.mkdir(exist_ok=True)
            for name, words in {
                "processes": ("processes",), "settings": ("config",), "schema": ("migrate", "--show"),
            }.items():  # fmt: skip
                found = self.registre(release, *words, "--json")
                (folder / f"{name}.json").write_text(found.stdout or json.dumps({"error": found.stderr.strip()}))
            running = {role: found.name for role in ROLES if (found := self.place.release_of(role))}
            plan = {"releases": running, "counts": self.place.counts(), "new": release.name}
            (folder / "releases.json").write_text(json.dumps(plan, indent=1))

    def _migrate(self, release: Path) -> None:
        private = not any(name.startswith("DATABASE_URL") for name in self.place.environment())
        with step("migrer"):
            done = self.registre(release, "up" if private else "migrate")
            if done.returncode:
                raise StepFailed("migrer", (done.stderr or done.stdout).strip())

    def replace(self, release: Path) -> None:
        """Old out, new in. Nothing works on the roles' queues in between; what ran is handed back and goes on."""
        write_launcher(self.place)
        began = time.monotonic()
        with step("arrêter"):
            for role in self.roles:
                self.keeper.stop(role)
            self._end_strangers()
        for role in self.roles:
            self.place.switch(role, release)
        if set(self.roles) == set(ROLES) or self.place.release_of("current") is None:
            self.place.switch("current", release)
        with step("démarrer"):
            self.keeper.configure()
            for role in reversed(self.roles):
                self.keeper.start(role)
            self._await(release, began)

    def verify(self, release: Path) -> None:
        """`registre diagnose` finds nothing that is broken now and was not before."""
        with step("vérifier"):
            new: set[str] = set()
            for _ in range(4):
                new = faults(self.registre(release, "diagnose", "--json").stdout) - self._faults_before
                if len(self.roles) < len(ROLES):
                    new.discard("versions")  # a role apart from the others is what was asked for
                if not new:
                    return
                time.sleep(1)
            raise StepFailed("vérifier", f"{', '.join(sorted(new))} (bin/registre diagnose)")

    # --- helpers ---

    def registre(self, release: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of that release, with the settings in force."""
        environment = {**self.place.environment(), "PYTHONPATH": str(release)}
        return run([str(release / ".venv/bin/python"), "-P", "-m", "registre", *words], cwd=release, env=environment)

    def _end_strangers(self) -> None:
        """Processes of these roles that somebody started by hand: they would go on with the old revision."""
        deadline = time.monotonic() + _STRANGERS_S
        while left := [one for one in living(self.place, self.roles) if one.pid and _is_ours(one.pid)]:
            for one in left:
                os.kill(one.pid or 0, signal.SIGTERM)
            if time.monotonic() > deadline:
                raise StepFailed("arrêter", ", ".join(f"{one.name} ({one.pid})" for one in left))
            time.sleep(1)

    def _await(self, release: Path, began: float) -> None:
        """Until each slot says that it is there, in the release's revision."""
        wanted = {role: self.place.counts()[role] for role in self.roles}
        revision = (release / "REVISION").read_text().strip()[:10]
        while True:
            new = [one for one in living(self.place, self.roles) if (one.version or "").endswith(revision)]
            there = {role: sum(one.role == role for one in new) for role in self.roles}
            if sum(there.values()) and not self.gap_s:
                self.gap_s = time.monotonic() - began
            if there == wanted:
                say(
                    f"             {self.gap_s:.1f} s sans processus, {time.monotonic() - began:.1f} s jusqu'au dernier"
                )
                return
            if time.monotonic() - began > _READY_S:
                missing = ", ".join(f"{role} {there[role]}/{wanted[role]}" for role in self.roles)
                raise StepFailed("démarrer", f"{missing}\n{self.keeper.logs(self.roles[0], 5)}")
            time.sleep(0.3)


def write_boot(place: Place, keeper: Keeper) -> None:
    """`bin/start`: what a machine without systemd runs at boot."""
    if isinstance(keeper, Supervisor):
        program = Path(sys.executable).with_name("supervisord")
        path = place.bin / "start"
        path.write_text(f"""#!/bin/sh
# Every process as it was when the machine stopped. `-n` stays in the foreground, for a container.
{place.bin}/registre up >/dev/null && rm -f {place.run}/*.started && exec {program} -c {place.run}/supervisord.conf "$@"
""")
        path.chmod(0o755)


def faults(document: str) -> set[str]:
    """Names of the failures in a report of `registre diagnose --json`."""
    found = json.loads(document or "{}").get("findings", [])
    return {finding["rule"] for finding in found if finding["level"] == "failure"}


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Name it, time it, and name it again when it fails."""
    began = time.monotonic()
    try:
        yield
    except StepFailed:
        raise
    except Exception as exc:
        raise StepFailed(name, f"{type(exc).__name__}: {exc}") from exc
    say(f"{name:<12} {time.monotonic() - began:.1f} s")


def run(words: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, text=True, check=False, capture_output=True, **more)


def checked(name: str, words: list[str], **more: Any) -> str:
    """Its output; a failure is the step's."""
    done = run(words, **more)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise StepFailed(name, f"{' '.join(words[:3])}: {said[-1] if said else done.returncode}")
    return done.stdout


def _is_ours(pid: int) -> bool:
    """A process number may have passed to somebody else."""
    try:
        return b"actors" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False

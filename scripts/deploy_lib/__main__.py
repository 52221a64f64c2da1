"""scripts/deploy: one command from a clone to processes at work, and back."""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from pathlib import Path

from deploy_lib.keepers import Supervisor, keeper
from deploy_lib.place import ROLES, Place
from deploy_lib.steps import CLONE, Deployment, StepFailed, say, write_boot


def main() -> int:
    given = _arguments()
    place = Place(given.to)
    place.make()
    kept = keeper(place, given.units)
    roles = tuple(role for role in ROLES if role == given.role or not given.role)
    if given.logs:
        print("\n".join(kept.logs(role, 50) for role in roles))
        return 0
    with (place.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("deploy: un autre déploiement est en cours dans ce dossier")
            return 2
        deployment = Deployment(place, kept, roles)
        try:
            return _do(given, deployment, place)
        except StepFailed as exc:
            print(f"deploy: {exc}", file=sys.stderr)
            return exc.exits


def _do(given: argparse.Namespace, deployment: Deployment, place: Place) -> int:
    kept, current = deployment.keeper, place.release_of("current")
    if given.stop:
        for role in deployment.roles:
            kept.stop(role)
        if isinstance(kept, Supervisor) and not given.role:
            kept.down()
        return 0
    if given.rollback:
        deployment.roll_back()
    elif given.status and current is None:
        say("rien n'est déployé ici")
        return 1
    elif not given.status:
        deployment.deploy(quick=given.quick, pulled=given.pulled)
        write_boot(place, kept)
    release = place.release_of(deployment.roles[0])
    assert release is not None
    _show(deployment, release)
    return 0


def _show(deployment: Deployment, release: Path) -> None:
    place = deployment.place
    say(f"\n{release.name}, gardée par {deployment.keeper.name}, {time.monotonic() - deployment.began:.0f} s en tout")
    say(deployment.registre(release, "processes").stdout.rstrip())
    say(f"\nau démarrage de la machine: {deployment.keeper.at_boot()}")
    say(f"journaux: scripts/deploy --to {place.root} --logs · commandes: {place.bin / 'registre'}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy",
        description="Tire, installe une release datée, inventorie, migre, remplace les processus, vérifie, montre.",
    )
    parser.add_argument("--to", type=Path, default=CLONE / ".registre" / "deploy", help="dossier de l'installation")
    parser.add_argument("--quick", action="store_true", help="ni git pull ni installation de paquets")
    parser.add_argument("--rollback", action="store_true", help="revient à la release précédente")
    parser.add_argument("--role", choices=ROLES, help="ce rôle seulement")
    parser.add_argument("--units", choices=("user", "system", "supervisor"), help="sinon systemd s'il tourne")
    parser.add_argument("--logs", action="store_true", help="les 50 dernières lignes de chaque processus")
    parser.add_argument("--status", action="store_true", help="montre sans rien changer")
    parser.add_argument("--stop", action="store_true", help="arrête les processus, dans l'ordre")
    parser.add_argument("--pulled", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""Rules on the ground everything stands on: Postgres answers, lets us write, has our tables. A fault ends the look."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from registre.db import migrate, server
from registre.diagnostics.phrases import span
from registre.diagnostics.rule import Finding, Scene, fault, fine, what_does
from registre.domain.errors import ConfigurationError

#: A step of a migration holds its lock for less.
_LOCKED: Final = timedelta(seconds=3)
#: Delays are counted on the machines' clocks, leases on the server's; more than this and delays are felt to be wrong.
_SKEW: Final = timedelta(seconds=3)
#: Share of connections from which the next process may find none.
_CROWDED: Final = 0.9
_POSTGRES: Final = 150000

#: What the driver says, and what it means: (words, about, cause, command).
_AWAY: Final = (
    (("too many clients", "connection slots", "too many connections"), "full",
     "toutes les connexions de Postgres sont prises",
     "arrêtez les programmes inutiles ou relevez max_connections, puis registre diagnose"),
    (("password authentication", "no password supplied", "role \""), "login",
     "le nom ou le mot de passe de DATABASE_URL est refusé", "registre config   (corrigez DATABASE_URL)"),
    (("does not exist",), "missing", "cette base n'existe pas sur ce serveur",
     "registre config   (corrigez DATABASE_URL, ou créez la base puis registre migrate)"),
    (("starting up", "shutting down", "recovery mode"), "starting",
     "Postgres démarre ou s'arrête en ce moment", "registre diagnose   (dans quelques secondes)"),
    (("translate host name", "Name or service", "resolve"), "host",
     "le nom de machine de DATABASE_URL est inconnu", "registre config   (corrigez DATABASE_URL)"),
    (("No space left",), "full_disk", "le disque de Postgres est plein", "df -h"),
)  # fmt: skip


def away(exc: BaseException, *, private_server: bool) -> Finding:
    """Why Postgres cannot be asked."""
    said = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
    for words, about, cause, command in _AWAY:
        if any(word in str(exc) for word in words):
            return fault("database", said, cause, _NOTHING_MOVES, command, about=about, private=True)
    command = "registre up" if private_server else "registre config   (vérifiez DATABASE_URL et ce serveur)"
    cause = "le serveur privé est arrêté" if private_server else "le serveur est arrêté, ou l'adresse est fausse"
    return fault("database", f"Postgres ne répond pas: {said}", cause, _NOTHING_MOVES, command, private=True)


_NOTHING_MOVES: Final = "rien n'avance; rien n'est perdu"


async def database(scene: Scene) -> AsyncIterator[Finding]:
    """The server is one we know how to use, and can be written to."""
    before = datetime.now(UTC)
    state = await scene.once("server", server.server_state)
    after = datetime.now(UTC)
    yield fine("database", f"Postgres {state.version.split()[0]}, rôle {state.role}")
    if state.standby or state.read_only:
        yield fault(
            "read_only",
            "Postgres est en lecture seule" + (" (serveur de secours)" if state.standby else ""),
            "DATABASE_URL mène à un réplica, ou default_transaction_read_only est posé",
            "aucune demande ne peut changer d'état",
            "registre config   (donnez à DATABASE_URL le serveur principal)",
        )
    if state.version_number < _POSTGRES:
        yield fault(
            "server_version",
            f"Postgres {state.version}",
            "registre demande Postgres 15 ou plus récent",
            "des commandes échoueront",
            "mettez Postgres à jour",
        )
    if state.connections >= state.room * _CROWDED:
        yield fault(
            "connections",
            f"{state.connections} connexions ouvertes sur {state.room}",
            "trop de programmes sont reliés à ce serveur, ou l'un d'eux ne ferme pas ses connexions",
            "un processus qui redémarre n'en trouvera plus",
            "relevez max_connections ou arrêtez ce qui ne sert pas   (pg_stat_activity dit qui)",
            serious=False,
        )
    if state.notify_queue > 0.5:
        yield fault(
            "notify_queue",
            f"file des notifications pleine à {state.notify_queue:.0%}",
            "une session écoute dans une transaction qui ne finit pas",
            "à 100 % aucune demande ne peut plus être écrite",
            "fermez la session qui tient la plus vieille transaction   (pg_stat_activity)",
        )
    skew = max(before - state.at, state.at - after)
    if skew > _SKEW:
        yield fault(
            "clock_skew",
            f"l'heure de cette machine et celle de Postgres diffèrent de {span(skew)}",
            "une des deux horloges n'est pas synchronisée",
            "les reprises partent trop tôt ou trop tard",
            "timedatectl",
            serious=False,
        )


async def schema(scene: Scene) -> AsyncIterator[Finding]:
    """Program and tables are of one version."""
    try:
        missing = await migrate.pending(scene.connection)
    except ConfigurationError as exc:
        yield fault(
            "schema",
            exc.text,
            "un fichier de migrations/ a été modifié, ou la base vient d'un autre programme",
            "les processus refusent de démarrer",
            "git diff -- migrations   (rétablissez le fichier)",
            about="edited",
        )
        return
    if missing:
        yield fault(
            "schema",
            f"La base n'a pas les migrations {', '.join(missing)}",
            "le programme et la base ne sont pas de la même version",
            "les processus refusent de démarrer",
            "registre migrate",
            about="missing",
        )
    elif later := await migrate.newer(scene.connection):
        yield fault(
            "schema",
            f"la base a des migrations que ce programme ne connaît pas: {', '.join(later)}",
            "une version plus récente a été déployée, puis reprise",
            "tout marche comme dans cette version; ce que la suivante a ajouté reste sans effet",
            "scripts/deploy   (quand la version suivante est prête)",
            serious=False,
            about="newer",
        )
    else:
        applied = await migrate.state(scene.connection)
        yield fine("schema", f"tables à jour ({applied[-1]})", version=applied[-1])


@cache
def expected_tables() -> dict[str, list[str]]:
    """Columns by table, as the migrations make them; a test compares."""
    return json.loads((files("registre.diagnostics") / "tables.json").read_text(encoding="utf-8"))


async def tables(scene: Scene) -> AsyncIterator[Finding]:
    """Every table and column is there, whatever the migrations' list says."""
    there = await server.columns(scene.connection)
    for table, columns in expected_tables().items():
        missing = [column for column in columns if column not in there.get(table, ())]
        if missing:
            gone = table not in there
            yield fault(
                "tables",
                f"la table {table} manque" if gone else f"{table} n'a plus: {', '.join(missing)}",
                "elle a été effacée ou renommée à la main après la migration",
                "les étapes qui s'en servent échouent",
                f"grep -n {table.split('.')[1] if gone else missing[0]} migrations/*.sql   "
                "(sa définition; rétablissez-la d'une sauvegarde)",
                about=table,
                table=table,
                columns=missing,
            )


async def role(scene: Scene) -> AsyncIterator[Finding]:
    """This role may read and write our tables, and sees all their rows."""
    ours = list(expected_tables())
    forbidden = await server.forbidden_tables(scene.connection, ours)
    if forbidden:
        yield fault(
            "privileges",
            f"ce rôle n'a pas tous les droits sur {', '.join(forbidden[:4])}{'…' if len(forbidden) > 4 else ''}",
            "DATABASE_URL utilise un rôle qui ne possède pas les tables",
            "les processus échouent à leur première écriture",
            "registre config   (donnez à DATABASE_URL le rôle propriétaire des tables)",
        )
    elif await server.is_blindfolded(scene.connection, ours):
        yield fault(
            "row_security",
            "la sécurité par ligne s'applique à ce rôle",
            "DATABASE_URL utilise un rôle qui ne possède pas les tables",
            "des lignes existent sans être vues; les comptes paraissent absents",
            "registre config   (donnez à DATABASE_URL le rôle propriétaire des tables)",
        )


async def locks(scene: Scene) -> AsyncIterator[Finding]:
    """Nobody has shut a table."""
    for session in await server.locks(scene.connection, older=_LOCKED):
        yield fault(
            "locked",
            f"{session.on_table} verrouillée par la session {session.pid} ({session.program or 'sans nom'}) "
            f"depuis {span(session.age)}",
            "une commande d'entretien (LOCK, ALTER, VACUUM FULL) n'est pas terminée",
            "tout ce qui touche cette table attend",
            what_does(session.pid),
            pid=session.pid,
        )
        return


GROUND: Final = (database, role, schema, tables, locks)
#: With these nothing else can be judged.
STOPS: Final = frozenset({"database", "read_only", "schema", "privileges", "row_security", "locked"})

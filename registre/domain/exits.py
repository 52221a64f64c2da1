"""What a worker process ends with when it cannot start: each cause has its own number, for whoever starts it again."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Beside 0 (a clean stop) and 1 (a bug of ours)."""

    #: a setting is missing, wrong or unknown
    SETTINGS = 2
    #: no environment's Postgres answers
    DATABASE_AWAY = 10
    #: Postgres refuses the name or the password
    DATABASE_LOGIN = 11
    #: the tables are of another version
    SCHEMA = 12
    #: something that must be counted is wanted, and no Redis is known
    REDIS_MISSING = 13
    #: the machine as declared can never hold this process
    CAPACITY = 14
    #: the installation itself is incomplete: a module or a file of the program is missing
    BUILD = 15
    #: no browser starts
    BROWSER = 16

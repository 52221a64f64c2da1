"""Where this installation's servers and key are: the setting, else what `registre up` made in the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registre.domain.errors import ConfigurationError
from registre.settings import Environment, Secret, Settings

if TYPE_CHECKING:
    from registre.accounts import Vault

# What only some commands need is loaded by them: the others must start quickly.


def environments(settings: Settings) -> tuple[Environment, ...]:
    """Every environment this installation serves, the one served first at the head; at least one.

    Raises:
        ConfigurationError: there is but one, and its database is neither set nor was ever started.
    """
    if settings.environments:
        return settings.environments
    return (Environment(settings.environment, Secret(database_url(settings)), settings.object_root, ocr=settings.ocr),)


def database_url(settings: Settings) -> str:
    """Address of Postgres: with several environments, of the one that `settings` are those of.

    Raises:
        ConfigurationError: neither set nor ever started.
    """
    if settings.database_url:
        return settings.database_url
    from registre.embedded import services

    known = services.known(settings.state)
    if known is None:
        raise ConfigurationError("Aucune base: lancez « registre up » ou donnez DATABASE_URL.")
    return known.database_url


def redis_url(settings: Settings) -> str | None:
    """Address of Redis; None where none was ever set up."""
    if settings.redis_url:
        return settings.redis_url
    from registre.embedded import services

    known = services.known(settings.state)
    return known.redis_url if known else None


def vault(settings: Settings) -> Vault:
    """Opens and seals account passwords."""
    from registre.accounts import Vault

    if settings.secret_key:
        return Vault(settings.secret_key.encode())
    from registre.embedded import services

    return Vault(services.secret_key(settings.state))

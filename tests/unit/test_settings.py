"""Settings: read once, all faults told together, secrets never shown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from registre.domain.errors import ConfigurationError
from registre.settings import Settings, effective, read_settings


def test_nothing_set_gives_the_defaults() -> None:
    assert read_settings({}) == Settings()


def test_values_are_read_in_their_own_units() -> None:
    settings = read_settings(
        {
            "REGISTRE_GRACE_SECONDS": "1.5",
            "REGISTRE_INDEX_MAX_AGE_HOURS": "2",
            "REGISTRE_BROWSER_SLOTS": "9",
            "REGISTRE_STATE": "/x",
            "LOG_LEVEL": "DEBUG",
        }
    )

    assert (settings.grace, settings.index_max_age) == (timedelta(seconds=1.5), timedelta(hours=2))
    assert (settings.browser_slots, settings.state, settings.log_level) == (9, Path("/x"), "debug")


def test_all_faults_are_told_together_with_their_names() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(
            {"REGISTRE_BROWSER_SLOTS": "0", "REGISTRE_READERS": "deux", "LOG_LEVEL": "loud", "REGISTRE_SLOTS": "3"}
        )

    for name in ("REGISTRE_BROWSER_SLOTS", "REGISTRE_READERS", "LOG_LEVEL", "REGISTRE_SLOTS"):
        assert name in caught.value.text


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    env = {"DATABASE_URL": "postgresql://u:hunter2@h/d", "REGISTRE_SECRET_KEY": "hunter2", "SENTRY_DSN": "hunter2"}
    settings = read_settings(env)

    assert settings.database_url == env["DATABASE_URL"]
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(effective(settings, env))
    assert ("DATABASE_URL", "•••", "environnement") in effective(settings, env)

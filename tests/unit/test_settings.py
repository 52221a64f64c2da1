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


THREE = {
    "REGISTRE_ENVIRONMENTS": "prod staging dev",
    "DATABASE_URL_PROD": "postgresql://h/a",
    "DATABASE_URL_STAGING": "postgresql://h/b",
    "DATABASE_URL_DEV": "postgresql://h/c",
}


def test_environments_stand_in_the_order_given_and_read_only_where_told() -> None:
    settings = read_settings({**THREE, "REGISTRE_STATE": "/x", "OCR_STAGING": "oui", "REGISTRE_OBJECTS_DEV": "s3://c"})

    assert [(found.name, found.database_url, found.object_root, found.ocr) for found in settings.environments] == [
        ("prod", "postgresql://h/a", "/x/objects-prod", False),
        ("staging", "postgresql://h/b", "/x/objects-staging", True),
        ("dev", "postgresql://h/c", "s3://c", False),
    ]


def test_settings_are_those_of_the_first_environment_or_of_the_one_named() -> None:
    settings = read_settings({**THREE, "DATABASE_URL": "postgresql://h/other", "OCR_DEV": "true"})
    other = settings.within("dev")

    assert (settings.environment, settings.database_url, settings.ocr) == ("prod", "postgresql://h/a", False)
    assert (other.environment, other.database_url, other.ocr) == ("dev", "postgresql://h/c", True)
    assert other.object_root == ".registre/objects-dev"
    with pytest.raises(ConfigurationError, match="prod, staging, dev"):
        settings.within("production")


def test_a_single_environment_is_read_and_bears_the_installations_name() -> None:
    settings = read_settings({"REGISTRE_ENVIRONMENT": "essai"})

    assert (settings.environments, settings.ocr, settings.within("essai")) == ((), True, settings)


def test_faults_of_all_environments_are_told_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(
            {
                "REGISTRE_ENVIRONMENTS": "prod, staging, dév, prod",
                "DATABASE_URL_PROD": "postgresql://h/a",
                "REGISTRE_OBJECTS_PROD": "/o",
                "REGISTRE_OBJECTS_STAGING": "/o/",
                "OCR_PROD": "peut-être",
                "OCR_DEV": "oui",
                "DATABASE_URL_DEV": "postgresql://u:hunter2@h/d",
            }
        )

    told = caught.value.text.splitlines()[1:]
    assert [line.strip().partition(" ")[0].rstrip(":") for line in told] == [
        "REGISTRE_ENVIRONMENTS",
        "REGISTRE_ENVIRONMENTS",
        "OCR_PROD=peut-être",
        "DATABASE_URL_STAGING",
        "REGISTRE_OBJECTS_STAGING",
        "DATABASE_URL_DEV",
        "OCR_DEV",
    ]
    assert "hunter2" not in caught.value.text


def test_a_switch_for_an_environment_that_is_not_there_is_not_ignored() -> None:
    with pytest.raises(ConfigurationError, match="OCR_PROD"):
        read_settings({"OCR_PROD": "non"})


def test_each_environments_values_are_shown_and_what_they_replace_is_not() -> None:
    env = {**THREE, "DATABASE_URL": "postgresql://u:hunter2@h/d", "OCR_PROD": "oui"}
    rows = effective(read_settings(env), env)

    assert ("OCR_PROD", "oui", "environnement") in rows
    assert ("OCR_DEV", "non", "défaut") in rows
    assert ("REGISTRE_OBJECTS_DEV", ".registre/objects-dev", "défaut") in rows
    assert ("DATABASE_URL_DEV", "•••", "environnement") in rows
    assert ("DATABASE_URL", "", "sans effet") in rows


def test_the_old_systems_names_still_work_and_are_shown_as_such() -> None:
    old = {"OCR_WORKER_POOL_SIZE": "4", "OCR_EXTRACT_MODEL_GEMINI": "gemini-2.5-pro"}
    settings = read_settings(old)
    assert (settings.ocr_slots, settings.gemini_model) == (4, "gemini-2.5-pro")
    rows = {name: (value, source) for name, value, source in effective(settings, old)}
    assert rows["REGISTRE_OCR_SLOTS"] == ("4", "environnement (OCR_WORKER_POOL_SIZE)")


def test_an_old_and_a_new_name_that_disagree_are_refused() -> None:
    assert read_settings({"OCR_WORKER_POOL_SIZE": "2", "REGISTRE_OCR_SLOTS": "2"}).ocr_slots == 2
    with pytest.raises(ConfigurationError, match="REGISTRE_OCR_SLOTS=2 et OCR_WORKER_POOL_SIZE=3"):
        read_settings({"OCR_WORKER_POOL_SIZE": "3", "REGISTRE_OCR_SLOTS": "2"})


def test_the_configuration_of_the_old_checklist_starts_as_it_says() -> None:
    settings = read_settings(
        {
            "OCR_WORKER_POOL_SIZE": "2",
            "OCR_MIN_INDEX_WORKERS": "1",
            "OCR_MIN_ACTE_WORKERS": "1",
            "OCR_REBALANCE_INTERVAL_MS": "30000",
            "REGISTRE_ENVIRONMENTS": "prod staging dev",
            "DATABASE_URL_PROD": "postgresql:///a",
            "DATABASE_URL_STAGING": "postgresql:///b",
            "DATABASE_URL_DEV": "postgresql:///c",
            "OCR_PROD": "false",
            "OCR_STAGING": "false",
            "OCR_DEV": "true",
        }
    )
    assert (settings.ocr_slots, settings.ocr_min_index_workers, settings.ocr_min_acte_workers) == (2, 1, 1)
    assert [(place.name, place.ocr) for place in settings.environments] == [
        ("prod", False),
        ("staging", False),
        ("dev", True),
    ]

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from registre.domain.errors import ConfigurationError
from registre.embedded import services, state


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    key = services.secret_key(tmp_path / "state")

    assert services.secret_key(tmp_path / "state") == key
    assert len(base64.urlsafe_b64decode(key)) == 32
    assert stat.S_IMODE((tmp_path / "state/secret.key").stat().st_mode) == 0o600


def test_racing_makers_of_a_key_all_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: services.secret_key(tmp_path), range(16)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_replaced_file_leaves_no_draft(tmp_path):
    state.write_private(tmp_path / "port", "1")
    state.write_private(tmp_path / "port", "2")

    assert (tmp_path / "port").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


def test_before_the_first_start_nothing_is_known(tmp_path):
    assert services.known(tmp_path) is None


def test_a_damaged_answer_is_named(tmp_path):
    (tmp_path / "services.json").write_text("{}")

    with pytest.raises(ConfigurationError, match=r"services\.json"):
        services.known(tmp_path)


def test_existing_folders_keep_their_mode(tmp_path):
    tmp_path.chmod(0o750)

    made = state.make_folder(tmp_path / "a/b")

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    assert stat.S_IMODE(made.stat().st_mode) in {0o700, 0o711}

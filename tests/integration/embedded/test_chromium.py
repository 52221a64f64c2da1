"""The real look-up, with the browser this machine has."""

from __future__ import annotations

import pytest

from registre.domain.errors import ConfigurationError
from registre.embedded import chromium


async def test_a_browser_that_lays_out_text_is_found(tmp_path):
    found = await chromium.find(None, tmp_path)

    assert found.is_file()
    assert await chromium.find(found, tmp_path) == found


async def test_a_setting_that_names_no_browser_is_refused_and_nothing_else_tried(tmp_path):
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)

    with pytest.raises(ConfigurationError, match="REGISTRE_CHROMIUM"):
        await chromium.find(fake, tmp_path)
    with pytest.raises(ConfigurationError, match="introuvable"):
        await chromium.find(tmp_path / "absent", tmp_path)

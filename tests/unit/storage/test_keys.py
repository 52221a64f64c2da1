"""Keys of objects: readable, ASCII, and the old system's four forms understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registre.domain.request import DocumentKind, Target
from registre.storage.keys import readable_key, stored_key

SHA = "ab" * 32


@pytest.mark.parametrize(
    "path",
    [
        "index/12_a.pdf",
        "12_a.pdf",
        "https://example.invalid/storage/v1/object/public/index/12_a.pdf",
        "https://example.invalid/storage/v1/object/sign/index/12_a.pdf?token=x",
        "https://example.invalid/storage/v1/object/index/12_a.pdf",
    ],
)
def test_every_form_of_a_stored_path_names_the_same_object(path: str) -> None:
    assert stored_key(path, DocumentKind.INDEX) == "index/12_a.pdf"


@given(st.text(min_size=1), st.text(), st.text())
def test_a_readable_key_is_ascii_whatever_the_names(number: str, place: str, cadastre: str) -> None:
    bucket, key = readable_key(Target(DocumentKind.PLAN, number, place, cadastre or None), SHA)

    assert bucket == "plans-cadastraux"
    assert key.isascii()
    assert "/" not in key
    assert key.endswith(f"_{SHA[:12]}.pdf")

"""show: how each page ended, in a French word; what was read is found whichever way it was read."""

from __future__ import annotations

from registre.domain.reading import PageState
from tests.integration.cli import scenes


async def test_each_page_says_how_it_ended(connection, registre):
    order, job_id = await scenes.place(connection)
    await scenes.finish(connection, job_id, content=b"%PDF-1", texts=("un", "deux", "trois", "quatre", "cinq"))
    for number, state in enumerate(PageState, start=1):
        await connection.execute("UPDATE registre.page SET state = %s WHERE number = %s", [state, number])

    shown = registre("show", str(order)[:8], "--text").stdout

    words = [line.partition("(")[2].rpartition(" par ")[0] for line in shown.splitlines() if line.startswith("— Page")]
    assert words == ["lue", "blanche", "refusée par Gemini, lue", "reprise en deux moitiés, lue", "non lue"]
    assert [page["state"] for page in registre("show", str(order)[:8], json=True)["pages"]] == list(PageState)
    for word in ("trois", "quatre"):
        assert str(order)[:8] in registre("search", word).stdout

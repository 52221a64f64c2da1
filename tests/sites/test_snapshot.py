"""What a snapshot lets be read: the page's own words, and nothing of a person, an order or an account."""

from __future__ import annotations

import asyncio
import io

import pytest
import pytest_asyncio
from PIL import Image

from registre.browser.snapshot import known_words, safe_url, take_snapshot
from registre.sandbox.foncier.holdings import names
from registre.sandbox.foncier.places import CIRCONSCRIPTIONS

#: Everything here is invented and must be in no snapshot.
PLANTED = (
    "Tremblay", "TREMBLAY", "Éloïse", "Trépanier", "2 784 195", "2784195", "24561832", "12A3456", "erable-rouge-41",
    "Montréal", "Rosemont", "tremblay", "jeton-secret", "9f8e7d6c", "514 555-0199", "eloise@exemple.test", "hachure",
)  # fmt: skip
PAGE = """<!doctype html><html lang=fr><head><title>Fiche de Éloïse Trépanier</title>
<script>var compte = "12A3456"; var nom = "TREMBLAY, JEAN"</script><style>.x::after{content:"hachure"}
input,select,img{width:150px}</style></head>
<body onload="suivre('jeton-secret')"><!-- compte 12A3456 -->
<h1>Résultat de la recherche</h1>
<p>Le document demandé est introuvable : inscription 24561832, lot 2 784 195.</p>
<table><tr><td>Propriétaire</td><td>TREMBLAY, Éloïse</td><td>J. Trépanier</td></tr></table>
<a href="/Sirf/Script/x.asp?numero=2784195&amp;nom=tremblay#hachure" title="Fiche de Tremblay" data-nom="Tremblay"
>Retour</a>
<a href="mailto:eloise@exemple.test">eloise@exemple.test</a> <a href="javascript:voir('Tremblay')">Voir</a>
<form action="/(S(9f8e7d6c))/suite"><input type=hidden name=etat value="jeton-secret">
<label>Code d'utilisateur <input name=txtVaCodeUtils value="12A3456"></label>
<input type=password name=txtMotPasse value="erable-rouge-41"><input placeholder="Rosemont" aria-label="Rosemont">
<textarea name=motif>Tremblay, 514 555-0199</textarea>
<select name=circ><option value="Montréal" selected>Montréal</option></select>
<input type=submit name=btn value=Soumettre><input type=button value="Ouvrir Tremblay">
<input id="txtNumrtLot" data-jeton="9f8e7d6c"></form>
<noscript>Tremblay</noscript><template><p>Tremblay</p></template>
<div contenteditable>Tremblay</div><img alt="Acte de Tremblay"
src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7">
<iframe name=detail srcdoc="<p>Client : 12A3456 Tremblay</p><textarea>hachure</textarea>"></iframe>
</body></html>"""


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser):
    context = await browser.new_context()
    opened = await context.new_page()
    yield opened
    await context.close()


async def test_the_markup_keeps_the_page_and_drops_the_people(page):
    await page.set_content(PAGE)

    html = (await take_snapshot(page)).html

    assert [planted for planted in PLANTED if planted in html] == []
    for kept in ("Résultat de la recherche", "Le document demandé est introuvable", 'id="txtNumrtLot"', "Soumettre",
                 'name="txtMotPasse"', "Code d'utilisateur", "Retour", "Client", "numero=***"):  # fmt: skip
        assert kept in html, kept
    assert 'type="password" name="txtMotPasse" value="***"' in html


async def test_the_live_page_is_left_as_it_was(page):
    await page.set_content(PAGE)
    texts = [await _source(frame) for frame in page.frames]

    await take_snapshot(page)

    assert [await _source(frame) for frame in page.frames] == texts
    assert await page.locator("[name=txtMotPasse]").input_value() == "erable-rouge-41"


async def _source(frame) -> str:
    # Playwright hides the caret by a style and leaves an empty attribute behind.
    return (await frame.evaluate("document.documentElement.outerHTML")).replace(' style=""', "")


async def test_the_picture_is_the_same_whatever_name_stood_there(page):
    """Two pages that differ only in what must not be seen look alike."""
    await page.set_content(PAGE)
    first = (await take_snapshot(page)).png
    other = PAGE.replace("12A3456", "98B7654")
    for name in ("Tremblay", "TREMBLAY", "24561832", "Montréal", "Éloïse", "Trépanier", "Rosemont"):
        other = other.replace(name, name[::-1])
    await page.set_content(other)
    second = (await take_snapshot(page)).png

    assert first is not None
    assert second is not None
    assert _pixels(first) == _pixels(second)
    assert len(set(_pixels(first))) > 2  # and it is a picture of something


def _pixels(png: bytes) -> bytes:
    return Image.open(io.BytesIO(png)).convert("L").tobytes()


async def test_what_cannot_be_covered_is_not_pictured(page):
    await page.set_content("<div id=hote></div>")
    await page.evaluate("document.getElementById('hote').attachShadow({mode: 'open'}).innerHTML = '<p>Tremblay</p>'")

    shot = await take_snapshot(page)

    assert shot.png is None
    assert "Tremblay" not in shot.html


async def test_what_appears_while_the_picture_is_taken_spoils_it(page):
    await page.set_content("<p>Page</p>")
    await page.evaluate(
        "new MutationObserver(() => { if (!document.getElementById('n')) "
        "document.body.insertAdjacentHTML('beforeend', '<b id=n>Tremblay</b>') })"
        ".observe(document.body, {subtree: true, characterData: true})"
    )
    await page.evaluate("document.body.append('Tremblay')")

    assert (await take_snapshot(page)).png is None


async def test_a_page_that_is_gone_or_hangs_gives_what_it_can(browser):
    context = await browser.new_context()
    page = await context.new_page()
    await context.close()

    assert (await asyncio.wait_for(take_snapshot(page), 30)).png is None


async def test_an_address_keeps_its_way_and_loses_its_values():
    url = safe_url(
        "http://user:pass@127.0.0.1:8790/(S(abc))/Sirf/lot_2784195.asp;jsessionid=1?no=12&nom=Tremblay&x#frag"
    )
    assert url == "http://127.0.0.1:8790/***/Sirf/lot_0000000.asp***?no=***&nom=***&x=***"


async def test_no_word_that_may_be_read_is_a_name_or_a_place_of_the_replica():
    people = {name.lower() for name in (*names._SURNAMES, *names._WOMEN, *names._MEN)}
    places = {word.lower() for place in CIRCONSCRIPTIONS for word in place.split("-")}

    assert len(people) > 50
    assert people & set(known_words()) == set()
    assert places & set(known_words()) <= {"de", "la", "le", "du", "des", "les", "et", "à", "est", "deux", "trois"}

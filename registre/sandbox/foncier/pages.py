"""Pages out and form fields in, both in the charset the replica is set to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from registre.sandbox.foncier import paths
from registre.sandbox.foncier.codes import spaced
from registre.sandbox.foncier.options import Options

_TEMPLATES: Final = Path(__file__).parent / "templates"


class Pages:
    """Renders templates; controls take the names the options give them."""

    def __init__(self, options: Callable[[], Options]) -> None:
        self._options = options
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["spaced"] = spaced

    def html(self, template: str, *, status: int = 200, **context: object) -> Response:
        """A page; letters outside the charset become character references, as ASP sends them."""
        options = self._options()
        text = self._templates.get_template(template).render(
            options=options, charset=options.charset, paths=paths, control=self._control, **context
        )
        return Response(
            text.encode(options.charset, "xmlcharrefreplace"),
            status,
            {"Cache-Control": "private, no-cache"},
            media_type=f"text/html; charset={options.charset}",
        )

    def fields(self, body: bytes) -> dict[str, str]:
        """A posted form by the controls' true names; the first value of a repeated one."""
        options = self._options()
        true_names = {shown: name for name, shown in options.renamed_controls.items()}
        pairs = parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True, encoding=options.charset)
        return {true_names.get(name, name): value for name, value in reversed(pairs)}

    def _control(self, name: str) -> str:
        return self._options().renamed_controls.get(name, name)

"""The Files API: resumable upload in two requests, get, list, delete."""

from __future__ import annotations

import json
from typing import Any, cast
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from registre.sandbox.gemini import wire
from registre.sandbox.gemini.books import Books, StoredFile

Json = dict[str, Any]


async def start(request: Request, books: Books) -> Response:
    """First request of an upload: answers where the bytes go."""
    if request.headers.get("x-goog-upload-protocol") != "resumable":
        return JSONResponse(wire.error(400, "Only resumable uploads are served here."), 400)
    asked = cast("Json", wire.camel(json.loads(await request.body() or b"{}"))).get("file", {})
    name = str(asked.get("name") or f"files/{uuid4().hex[:12]}")
    size = int(request.headers.get("x-goog-upload-header-content-length", 0))
    mime = request.headers.get("x-goog-upload-header-content-type", "application/octet-stream")
    books.uploads += 1
    books.files[name] = StoredFile(name, mime, str(asked.get("displayName", "")), size)
    where = f"{str(request.base_url).rstrip('/')}{request.url.path}?upload_id={name.removeprefix('files/')}"
    return JSONResponse({}, headers={"X-Goog-Upload-URL": where, "X-Goog-Upload-Status": "active"})


async def finish(request: Request, books: Books, upload: str) -> Response:
    """The bytes of an upload, in one or several requests."""
    stored = books.files.get(f"files/{upload}")
    if stored is None:
        return JSONResponse(wire.error(404, "Upload not found."), 404)
    if int(request.headers.get("x-goog-upload-offset", 0)) != len(stored.data):
        return JSONResponse(wire.error(400, "Offset is not where the upload stands."), 400)
    stored.data += await request.body()
    if "finalize" not in request.headers.get("x-goog-upload-command", ""):
        return JSONResponse({}, headers={"X-Goog-Upload-Status": "active"})
    stored.active = True
    return JSONResponse({"file": shown(request, stored)}, headers={"X-Goog-Upload-Status": "final"})


def listed(request: Request, books: Books) -> Response:
    """All files."""
    return JSONResponse({"files": [shown(request, stored) for stored in books.files.values()]})


def one(request: Request, books: Books, name: str) -> Response:
    """One file, or its deletion."""
    stored = books.files.get(f"files/{name}")
    if stored is None:
        return JSONResponse(wire.error(403, f"You do not have permission to access the File {name}."), 403)
    if request.method == "DELETE":
        del books.files[stored.name]
        books.deleted.append(stored.name)
        return JSONResponse({})
    return JSONResponse(shown(request, stored))


def shown(request: Request, stored: StoredFile) -> Json:
    """A file's own description."""
    return {
        "name": stored.name,
        "displayName": stored.display_name,
        "mimeType": stored.mime_type,
        "sizeBytes": str(stored.size),
        "uri": f"{str(request.base_url).rstrip('/')}/v1beta/{stored.name}",
        "state": "ACTIVE" if stored.active else "PROCESSING",
    }

"""The style sheet, the script and the icon: read once, named by their content; nothing else is served as a file."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from archiver.errors import NotFound
from archiver.formatting.html_writer import STYLES
from archiver.formatting.palette import PALETTE

_KINDS: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class Asset(NamedTuple):
    """A file of the page."""

    kind: str
    """Content-Type."""
    body: bytes
    digest: str


class Assets:
    """All files of the page, by name."""

    def __init__(self) -> None:
        self._found: dict[str, Asset] = {}
        for file in resources.files("archiver.web.static").iterdir():
            ending = file.name.rpartition(".")[2]
            if ending in _KINDS:
                body = file.read_bytes()
                if ending == "css":  # the one style sheet includes what the renderer of texts needs
                    body = PALETTE.encode() + body + STYLES.encode()
                self._found[file.name] = Asset(_KINDS[ending], body, hashlib.sha256(body).hexdigest()[:12])

    def url(self, name: str) -> str:
        """The address of a file, which changes with its content."""
        return f"/static/{name}?v={self._found[name].digest}"

    async def serve(self, request: Request) -> Response:
        """Answer a request for a file."""
        found = self._found.get(request.path_params["name"])
        if found is None:
            raise NotFound("there is no such file.")
        is_current = request.query_params.get("v") == found.digest
        age = "private, max-age=31536000, immutable" if is_current else "private, no-cache"
        return Response(found.body, headers={"Cache-Control": age, "Content-Type": found.kind})

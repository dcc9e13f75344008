"""The table of routes: method and path to a handler and the action that a key needs for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.doubles.meilisearch.auth import Access
from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.parameters import Parameter, read

if TYPE_CHECKING:
    from tests.doubles.meilisearch.instance import Instance


@dataclass
class Request:
    """A request whose caller is known, and what it is about."""

    server: Instance
    access: Access
    names: Mapping[str, str]  # the parts of the path: index_uid, document_id …
    query: str
    headers: Mapping[str, str]
    body: bytes

    def parameters(self, accepted: Mapping[str, Parameter]) -> dict[str, Any]:
        return read(self.query, accepted)

    def json(self) -> Any:
        """The body as JSON. Raises ApiError."""
        if (self.headers.get("Content-Type") or "").split(";")[0].strip().lower() != "application/json":
            kind = self.headers.get("Content-Type")
            if kind is None:
                raise ApiError(
                    "missing_content_type",
                    "A Content-Type header is missing. Accepted values for the Content-Type header are: "
                    "`application/json`",
                )
            raise ApiError(
                "invalid_content_type",
                f"The Content-Type `{kind}` is invalid. Accepted values for the Content-Type header are: "
                "`application/json`",
            )
        if not self.body:
            raise ApiError("missing_payload", "A json payload is missing.")
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise ApiError("malformed_payload", f"The json payload provided is malformed. `{exc}`.") from None


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    task: int | None = field(default=None)  # the uid of the task that was made


Handler = Callable[[Request], Any]  # an Answer, or the body of a 200


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    action: str | None  # None: open to all
    handler: Handler


class Routes:
    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, path: str, action: str | None, handler: Handler) -> None:
        """`{name}` in the path stands for one part of it."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._routes.append(Route(method, re.compile(pattern), action, handler))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | int:
        """The route and the parts of the path, or the status of what there is not: 404, 405."""
        path = path.rstrip("/") or "/"
        found = False
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is not None:
                if route.method == method:
                    return route, {name: unquote(part) for name, part in match.groupdict().items()}
                found = True
        return 405 if found else 404

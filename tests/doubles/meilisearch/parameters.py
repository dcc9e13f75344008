"""Query parameters: text only, comma lists, `*` for all, and the messages that deserr has for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.doubles.meilisearch.errors import ApiError
from tests.doubles.meilisearch.reading import listed

Convert = Callable[[str], Any]  # raises ValueError with Meilisearch's words


class PlainMessage(ValueError):
    """A message that names the parameter itself."""


@dataclass(frozen=True)
class Parameter:
    convert: Convert = str
    code: str = "bad_request"
    default: Any = None
    many: bool = False  # a comma list, or * for all (which is as good as not given)


def read(query: str, accepted: Mapping[str, Parameter]) -> dict[str, Any]:
    """All parameters, those that are not given with their default. Raises ApiError."""
    found = {name: parameter.default for name, parameter in accepted.items()}
    for name, text in parse_qsl(query, keep_blank_values=True):
        parameter = accepted.get(name)
        if parameter is None:
            names = list(accepted)
            message = f"Unknown parameter `{name}`: {listed(names)}"
            raise ApiError("bad_request", message)
        found[name] = _list(name, text, parameter) if parameter.many else _one(name, text, parameter)
    return found


def _one(where: str, text: str, parameter: Parameter) -> Any:
    try:
        return parameter.convert(text)
    except PlainMessage as exc:
        raise ApiError(parameter.code, str(exc)) from None
    except ValueError as exc:
        raise ApiError(parameter.code, f"Invalid value in parameter `{where}`: {exc}") from None


def _list(name: str, text: str, parameter: Parameter) -> list[Any] | None:
    if text == "*":
        return None
    if not text:
        return []
    parts = text.split(",")
    places = [name] if len(parts) == 1 else [f"{name}[{place}]" for place in range(len(parts))]
    return [_one(place, part, parameter) for place, part in zip(places, parts, strict=True)]


def size(text: str) -> int:
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise ValueError(f"could not parse `{text}` as a positive integer")
    return int(text)


def boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"could not parse `{text}` as a boolean, expected either `true` or `false`")
    return text == "true"


def member(words: tuple[str, ...], what: str, plural: str) -> Convert:
    """One of the words, in any case of letters: as `Kind` and `Status` are read."""
    known = {word.lower(): word for word in words}

    def convert(text: str) -> str:
        if text.lower() not in known:
            choice = ", ".join(f"`{word}`" for word in words)
            raise ValueError(f"`{text}` is not a valid task {what}. Available {plural} are {choice}.")
        return known[text.lower()]

    return convert


def moment(*, after: bool) -> Convert:
    """RFC 3339, or a day: `after` a day means after its end."""

    def convert(text: str) -> datetime | None:
        if text == "*":
            return None
        try:
            if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
                return day + timedelta(days=1) if after else day
            if re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d", text):
                found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("z", "Z"))
                if found.tzinfo is not None:
                    return found
        except ValueError:
            pass
        raise ValueError(
            f"`{text}` is an invalid date-time. It should follow the YYYY-MM-DD or RFC 3339 date-time format."
        )

    return convert

"""Readers for filters by file: extension, MIME type, name and SHA-256; and for the language."""

from __future__ import annotations

import re
from typing import Final

from search.errors import QueryError
from search.query.filters import Context, named, refuse_list, split_star, suggest
from search.query.languages import find_code, language_names
from search.query.tree import Node, Tag, all_of

_TYPES: Final = ("application", "audio", "font", "image", "message", "model", "multipart", "text", "video")
_COUNTRIES: Final = {"ua": "uk", "cn": "zh", "jp": "ja", "kr": "ko", "gr": "el", "cz": "cs", "dk": "da", "ir": "fa"}
"""Codes of countries that people take for those of their languages."""
_HEX: Final = frozenset("0123456789abcdef")
_FEWEST, _ALL = 8, 64
"""Digits of a SHA-256: fewer than the former would match by chance."""
_GLOB: Final = re.compile(r"([^*]*)(\**)")


def read_ext(value: str, _: Context) -> Node:
    """Read a file extension, with or without the dot; of several (tar.gz) the last is the extension."""
    refuse_list("ext", value)
    bare = value.removeprefix("*").lstrip(".")
    first, dot, last = bare.rpartition(".")
    ext = named("ext", last)
    return all_of((ext, named("filename", f"{first}.{last}"))) if dot and first else ext


def read_mime(value: str, _: Context) -> Node:
    """Read a MIME type; `image` is `image/*`."""
    refuse_list("mime", value)
    if "/" in value:
        return named("mime", value)
    name = value.lower().removesuffix("*")
    if name not in _TYPES:
        hint = suggest(name, _TYPES, "mime:{}/*") or f"Write ext:{name} or mime:application/{name}."
        raise QueryError(f"'{value}' is not a MIME type.", hint=hint)
    return Tag("mime", f"{name}/", True)


def read_filename(value: str, context: Context) -> Node:
    """Read words of a file name, which `*` continues or separates: `report*2021*.pdf`."""
    if "*" not in value.rstrip("*") and value.strip("*"):
        return named("filename", value)
    pieces = [found.groups() for found in _GLOB.finditer(value) if found[0]]
    if any(piece[:1].isalnum() for piece, _ in pieces[1:]):
        words = [piece.strip(" ._-") for piece, _ in pieces if piece.strip(" ._-")]
        hint = f"Write {' '.join(f'filename:{piece}*' for piece in words)}."
        raise QueryError("'*' can replace the end of a word, not its beginning.", hint=hint)
    nodes: list[Node] = []
    for at, (piece, stars) in enumerate(pieces):
        if at == len(pieces) - 1 and piece[:1] == "." and piece[1:].isalnum() and not stars:
            nodes.append(read_ext(piece, context))
        elif piece.strip(" ._-"):
            nodes.append(named("filename", f"{piece}*" if stars and piece[-1].isalnum() else piece))
    if not nodes:
        raise QueryError(f"There is nothing to look for in 'filename:{value}'.", hint="Enter a name, or has:document.")
    return all_of(tuple(nodes))


def read_lang(value: str, _: Context) -> Node:
    """Read a language: its code or name, or `unknown`."""
    refuse_list("lang", value)
    lower = value.lower()
    if lower in {"unknown", "none"}:
        return Tag("lang", "unknown")
    if lower.endswith("*"):
        return named("lang", lower)
    if code := find_code(lower):
        return Tag("lang", code)
    hint = suggest(lower, language_names(), "lang:{}") if len(lower) > 2 else None
    if lower in _COUNTRIES:
        hint = f"Did you mean lang:{_COUNTRIES[lower]}?"
    raise QueryError(f"There is no language '{value}'.", hint=hint or "Write a code of two letters, such as lang:ar.")


def read_sha256(value: str, _: Context) -> Node:
    """Read the SHA-256 of a file, or at least its first 8 digits."""
    refuse_list("sha256", value)
    digits, _star = split_star(value.lower())
    hint = f"Write its hexadecimal digits, at least the first {_FEWEST}: sha256:9f86d081."
    if not _HEX.issuperset(digits):
        raise QueryError(f"'{value}' is not a SHA-256.", hint=hint)
    if len(digits) < _FEWEST:
        raise QueryError(f"'{value}' has too few digits of a SHA-256.", hint=hint)
    if len(digits) > _ALL:
        raise QueryError(f"A SHA-256 has {_ALL} digits, '{value[:12]}…' has {len(digits)}.", hint=hint)
    return Tag("sha256", digits, len(digits) < _ALL)

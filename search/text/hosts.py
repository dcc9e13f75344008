"""Hosts and links in one spelling, so that all spellings of the same one are equal. Pure.

A host is lower case, in Unicode instead of punycode, without `www.` and trailing dots: пример.рф for
WWW.XN--E1AFMKFD.XN--P1AI. A link begins with its host: without `https://`, percent-decoded, in lower case.

https://www.unicode.org/reports/tr46/ (hosts; ß and the joiners of Persian are letters of their own),
https://www.rfc-editor.org/rfc/rfc3986 (links).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

_DOTS: Final = "[.\u3002\uff0e\uff61]"
_WEB: Final = r"(?i)\s*(?:https?:)?//"
_OTHER_SCHEME: Final = r"(?i)\s*(?!www\.)([a-z][a-z0-9+.-]*):(?![0-9]*(?:[/?#]|$))"
_OTHER_WEB: Final = r"(?i)\s*([a-z][a-z0-9+.-]*)://"
_AUTHORITY: Final = r"(?s)([^/?#\\]*)(.*)"
_PORT: Final = r":([0-9]*)$"
_USUAL_PORTS: Final = frozenset(("", "80", "443"))
_SPACES: Final = r"[\s+]+"
_PUNYCODE: Final = "xn--"
_LONGEST_LABEL: Final = 63
_USUAL: Final = r"https?://((?!www\.)(?:(?!xn--)[a-z0-9-]+\.)+(?!xn--)[a-z0-9-]+)(/[A-Za-z0-9/._~?=&#-]*)?"
_NO_LETTERS: Final = "[\\x00-,/:-@\\[-`{-\xa0\ud800-\udfff]"


_pattern = cache(re.compile)
"""`re.match` looks a pattern up in four times the time."""


@lru_cache(maxsize=4096)
def plain_host(host: str) -> str:
    """Return a host in its one spelling; empty if there is nothing in it."""
    labels = [_plain_label(label.strip()) for label in _pattern(_DOTS).split(host)]
    while labels and not labels[-1]:
        labels.pop()
    while labels and not labels[0]:
        labels.pop(0)
    if len(labels) > 2 and labels[0] == "www":  # www.com is a host of its own
        labels.pop(0)
    return ".".join(labels)


def plain_link(link: str) -> str:
    """Return a link in its one spelling: `example.org/path`; with its scheme if that is not http or https."""
    if web := _pattern(_WEB).match(link):
        return _plain_web(link[web.end() :])
    if other := _pattern(_OTHER_WEB).match(link) or _pattern(_OTHER_SCHEME).match(link):
        return f"{other[0].strip().lower()}{_plain_path(link[other.end() :])}"
    return _plain_web(link.strip())


def read_usual_link(link: str) -> tuple[str, str] | None:
    """Return `plain_link` and `link_host` of a usual link in a fifth of the time; None for any other."""
    found = _pattern(_USUAL).fullmatch(link)
    return None if found is None else (f"{found[1]}{(found[2] or '/').lower()}", found[1])


def link_host(link: str) -> str:
    """Return the host of a link in its one spelling; empty if it has none."""
    return plain_host(without_port(split_link(link)[0]))


def split_link(link: str) -> tuple[str, str]:
    """Return the host of a web link with its port, and what follows it: path, query and fragment."""
    web = _pattern(_WEB).match(link) or _pattern(_OTHER_WEB).match(link)
    found = _pattern(_AUTHORITY).match(link[web.end() :] if web else link.strip())
    assert found is not None
    return found[1].rpartition("@")[2], found[2]


def without_port(authority: str) -> str:
    """Return a host without its port; the address of an IPv6 host without its brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return _pattern(_PORT).sub("", authority)


def _plain_web(link: str) -> str:
    authority, path = split_link(link)
    port = _pattern(_PORT).search(authority)
    shown = f":{port[1]}" if port and port[1] not in _USUAL_PORTS else ""
    path = _plain_path(path)
    return f"{plain_host(without_port(authority))}{shown}{path if path[:1] == '/' else f'/{path}'}"


def _plain_path(path: str) -> str:
    if "%" in path:
        path = _decode(path)
    if not path.isascii():
        path = unicodedata.normalize("NFC", path)
    return _pattern(_SPACES).sub("+", path.strip()).casefold()


def _decode(path: str) -> str:
    """Percent-decode; bytes that are not UTF-8 stay as they are."""
    from urllib.parse import unquote_to_bytes

    decoded = unquote_to_bytes(path.encode("utf-8", "replace")).decode("utf-8", "surrogateescape")
    return "".join(f"%{ord(char) - 0xDC00:02x}" if "\ud800" <= char <= "\udfff" else char for char in decoded)


def _plain_label(label: str) -> str:
    lower = label.lower()
    if label.isascii():
        return _from_punycode(lower) if lower.startswith(_PUNYCODE) else lower
    import idna  # only few hosts are not ASCII

    try:
        mapped = idna.uts46_remap(label, False, False)
    except (idna.IDNAError, ValueError, IndexError):
        mapped = unicodedata.normalize("NFKC", lower)
    if " " in mapped:  # signs such as ¨ become a space and a mark
        mapped = unicodedata.normalize("NFC", "".join(mapped.split()))
    return _from_punycode(mapped) if mapped.startswith(_PUNYCODE) else mapped


def _from_punycode(label: str) -> str:
    if len(label) > _LONGEST_LABEL:
        return label
    try:
        decoded = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except (ValueError, OverflowError, IndexError):
        return label
    if not decoded or decoded.isascii() or _pattern(_NO_LETTERS).search(decoded):
        return label
    return decoded

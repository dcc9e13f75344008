"""Where links in untrusted text may lead. Pure.

Only schemes that a browser opens without running anything are followed, and only URLs that all readers read alike: no
control characters, no bidirectional controls, no backslashes. https://url.spec.whatwg.org/#concept-basic-url-parser
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from archiver.formatting.spans import Span, plain_text

FOLLOWED = frozenset({"http", "https", "mailto", "tel"})
_LONGEST = 8192
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_PORT = re.compile(r"[^:/?#]+:[0-9]{1,5}(?:[/?#]|$)")
_HOST = re.compile(r"[^\s/?#@:]+\.[^\s/?#@:.]{2,}(?:[:/?#]|$)")
_NOT_IN_URL = re.compile(
    "[\x00-\x1f\x7f-\x9f\\\\\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)
_QUOTED = re.compile(r"""[\s"<>`{}|^]""")
_USERNAME = re.compile(r"@([A-Za-z0-9_]{2,32})")
_OWN = frozenset({"t.me", "telegram.me", "telegram.dog"})


def clean_url(url: object) -> str | None:
    """The URL in a form that may be followed; None if it must not be."""
    if type(url) is not str or not 0 < len(url) <= _LONGEST:
        return None
    url = url.strip(" ")
    if not url or _NOT_IN_URL.search(url):
        return None
    scheme = _SCHEME.match(url)
    if scheme is None or (_PORT.match(url) and scheme[1].lower() not in FOLLOWED):
        if not _HOST.match(url):
            return None  # relative: it would lead to the archive's own files
        secure = url.partition("/")[0].lower() in _OWN
        url = f"http{'s' if secure else ''}://{url}"
    elif scheme[1].lower() not in FOLLOWED:
        return None
    return _checked(_QUOTED.sub(lambda found: quote(found[0]), url))


def _checked(url: str) -> str | None:
    """The URL; None if it lacks a host that its scheme needs, or has one that it must not have."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme in ("http", "https"):
        return url if host and url[len(parts.scheme) :].startswith("://") else None
    return url if parts.path and not url[len(parts.scheme) + 1 :].startswith("//") else None


def find_target(span: Span) -> str | None:
    """The URL that a span leads to; None if it leads nowhere, or must not be followed."""
    words = plain_text(span.children)
    if span.kind == "text_url":
        return clean_url(span.mark.details.get("url"))
    if span.kind == "url":
        return clean_url(words)
    if span.kind == "mention" and (name := _USERNAME.fullmatch(words)):
        return f"https://t.me/{name[1]}"
    if span.kind == "email":
        return clean_url(f"mailto:{words}") if words.count("@") == 1 else None
    if span.kind == "phone":
        return _phone(words)
    return None


def _phone(words: str) -> str | None:
    digits = re.sub(r"[\s().\-]", "", words)
    return f"tel:{digits}" if re.fullmatch(r"\+?[0-9]{3,20}", digits) else None


def find_hidden_host(span: Span, target: str) -> str | None:
    """The host of a link whose text does not show it, or shows what looks like another one; None for any other link."""
    from search.text.hosts import link_host

    if span.kind not in ("text_url", "url"):
        return None
    is_web = target[:4].lower() == "http"
    host = link_host(target) if is_web else target.partition("?")[0]
    if span.kind == "url" or link_host(plain_text(span.children).strip()) == host:
        return find_misread_host(target) if is_web else None
    return _with_punycode(host) if host else None


def find_misread_host(url: str) -> str | None:
    """The host of a written URL that seems to have another one; None for any other URL.

    Such a URL has a name before an @, or letters beyond ASCII that may look like others in a name that ends in ASCII.
    """
    from search.text.hosts import link_host

    _, _, rest = url.partition("://")
    place = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" not in place and (place.isascii() or not place.rpartition(".")[2].isascii()):
        return None
    host = link_host(url)
    return _with_punycode(host) if host else None


def _with_punycode(host: str) -> str:
    return host if host.isascii() else f"{host} {_punycode(host)}"


def _punycode(host: str) -> str:
    """The host's name in DNS, since letters of two scripts may look alike."""
    import idna

    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return "not a valid host"


def find_refused(details: Mapping[str, Any]) -> str | None:
    """The unchanged URL of an entity, to show if it must not be followed."""
    url = details.get("url")
    return url if isinstance(url, str) and url else None

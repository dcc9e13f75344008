"""Who may read: a token, exchanged once for a cookie. Pure, apart from making and reading the token.

The token is in the address that `telekeep serve` prints. The cookie is derived from it, so that the token itself
leaves the browser's address bar and history. https://www.rfc-editor.org/rfc/rfc6265
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from archiver.errors import UsageError

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,200}")
_LENGTH = 24
"""Random bytes of a token."""


def make_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_LENGTH)


def read_token(path: Path) -> str:
    """The token in this file, which is made if there is none. Raises UsageError."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
            token = make_token()
            made.write(f"{token}\n")
            return token
    except FileExistsError:
        pass
    except OSError as exc:
        raise UsageError(f"--token-file {path} cannot be written: {exc.strerror}.") from None
    try:
        is_open = path.stat().st_mode & 0o077
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as exc:
        why = getattr(exc, "strerror", None) or "it is not text"
        raise UsageError(f"--token-file {path} cannot be read: {why}.") from None
    if is_open:
        raise UsageError(f"--token-file {path} can be read by others.", hint=f"Run `chmod 600 {path}`.")
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            f"--token-file {path} has no usable token in it.",
            hint="It needs 20 to 200 letters, digits, - or _. Remove the file, and telekeep makes a new one.",
        )
    return token


class Admission:
    """The token of one server, and what proves that a browser had it."""

    def __init__(self, token: str, *, port: int) -> None:
        self.token = token
        self.cookie = f"telekeep-{port}"
        """Its name; browsers share cookies between ports."""
        self._proof = hmac.new(token.encode(), b"telekeep page", hashlib.sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.token.encode())

    def is_admitted(self, *, cookie: str, authorization: str) -> bool:
        """Whether these headers prove it: a cookie, or `Bearer TOKEN`."""
        if authorization[:7].lower() == "bearer ":
            return self.is_token(authorization[7:].strip())
        return any(hmac.compare_digest(value.encode(), self._proof.encode()) for value in self._cookies(cookie))

    def set_cookie(self, *, secure: bool) -> str:
        """The header that gives a browser its proof. `secure`: it came over TLS, to a proxy."""
        name, more = (f"__Host-{self.cookie}", "; Secure") if secure else (self.cookie, "")
        return f"{name}={self._proof}; Path=/; HttpOnly; SameSite=Strict{more}"

    def _cookies(self, header: str) -> list[str]:
        """The values of our cookies. Other servers on this host may set cookies, too, and must not hide ours."""
        pairs = [part.strip().partition("=") for part in header.split(";")]
        return [value for name, _, value in pairs if name in (self.cookie, f"__Host-{self.cookie}")]

"""A fault in a JSON document, and where it is."""

from __future__ import annotations

from archiver.imports.source import ENDS_EARLY, Flaw


class EndsEarly(Exception):
    """The document ends before the value that was begun."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class BrokenJson(Exception):
    """The document continues with something that cannot be there."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(at, why)
        self.at, self.why = at, why


class LargeValue(BrokenJson):
    """A value is larger than what is kept in memory."""


class NotClosed(BrokenJson):
    """Another value begins before this one is closed."""

    def __init__(self, at: int, begin: int) -> None:
        super().__init__(at, "it is not closed")
        self.begin = begin


def damaged_at(at: int) -> Flaw:
    """Damage after which reading could continue."""
    return Flaw(f"byte {at:,}", "everything up to the next message is invalid JSON and is left out")


def passed_at(at: int) -> Flaw:
    """Damage in what was passed over unread, after which a chat was found."""
    return Flaw(f"byte {at:,}", "invalid JSON between there and the next chat; the chats after it are read")


def misread_at(at: int, meant: str) -> Flaw:
    """A damaged word that can only have been one other."""
    return Flaw(f"byte {at:,}", f"a word of the chat there is damaged; it is read as `{meant}`")


def mixed_at(at: int) -> Flaw:
    """Messages that were passed over seem to be of two chats: the beginning of the second is lost."""
    what = "the messages of a chat there are not in order, or in two lists: those of another may be among them"
    return Flaw(f"byte {at:,}", what)


def fatal_flaw(exc: EndsEarly | BrokenJson) -> Flaw:
    """Damage after which nothing can be read."""
    if isinstance(exc, EndsEarly):
        return Flaw(f"byte {exc.at:,}", ENDS_EARLY, fatal=True)
    return Flaw(f"byte {exc.at:,}", f"from here on it is not valid JSON ({exc.why})", fatal=True)

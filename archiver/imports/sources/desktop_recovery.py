"""Where reading Telegram Desktop's JSON goes on after damage.

With the next message of the same chat, else with the next chat of the list, else, where a chat is alone in its
document, with the first message that is left. Chats that nobody reads are passed over by brackets alone, so damage in
them can hide the chats that follow: what was passed over is searched for these.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from archiver.imports.json_input.json_faults import BrokenJson, EndsEarly, damaged_at, fatal_flaw, passed_at
from archiver.imports.source import Flaw
from archiver.imports.sources.desktop_chat import ChatFrame
from archiver.imports.sources.desktop_messages import DesktopMessages, OfAnother, lost_beginning
from archiver.imports.sources.desktop_pieces import DesktopPieces

_REWINDS: Final = 20
"""How often what was passed over is searched for a chat."""


class NextPlace(NamedTuple):
    """The place that reading goes on from."""

    chat: ChatFrame | None
    """The chat whose next message is there; None: another chat of the list is there."""


class DesktopRecovery:
    """What was read of a document so far, as far as it tells where reading can go on after damage."""

    def __init__(self, pieces: DesktopPieces, messages: DesktopMessages, *, is_account: bool) -> None:
        """`is_account`: the document seems to be of a whole account, so no chat may be taken for another."""
        self._pieces = pieces
        self._messages = messages
        self._is_account = is_account
        self._top = ChatFrame()
        """What is known about a document that is a chat."""
        self._begun: ChatFrame | None = None
        """The last chat whose messages were started."""
        self._skipped: int | None = 0
        """Where what was passed over unread begins, until a chat follows: a lost quote makes it seem to go on."""
        self._rewinds = 0
        self._has_ended = False
        """Whether damage that its reader was told of ended the current chat."""
        self._is_at_chat = False
        """Whether another chat follows that damage."""

    def enter_document(self, frame: ChatFrame) -> None:
        """Record that a document begins, which may be a chat."""
        self._top = frame

    def enter_messages(self, frame: ChatFrame) -> None:
        """Record that the messages of a chat begin."""
        self._begun, self._skipped = frame, None

    def pass_over(self) -> None:
        """Record that what follows is passed over unread."""
        self._skipped = self._pieces.at

    def expect_not_ended(self) -> None:
        """Raise EndsEarly if damage ended the chat that was just read."""
        if self._has_ended:
            raise EndsEarly(self._pieces.at)

    def find_message(self, damage: EndsEarly | BrokenJson, frame: ChatFrame) -> Flaw | None:
        """Go to the next message of the chat that is being read, and say so; None if it has no more."""
        if isinstance(damage, OfAnother) or not self._recover(damage.at, frame):
            return None
        return damaged_at(damage.at)

    def end_chat(self, damage: EndsEarly | BrokenJson, frame: ChatFrame) -> Flaw:
        """Go to the next chat after damage that ends the one that is being read, and say so."""
        is_other = isinstance(damage, OfAnother)
        if is_other:
            self._pieces.rewind(damage.at)
        self._has_ended = True
        self._is_at_chat = frame.in_account and self._pieces.recover_chat(damage.at)
        return lost_beginning(damage.at) if is_other else fatal_flaw(damage)

    def go_on(self, damage: EndsEarly | BrokenJson | None) -> tuple[NextPlace | None, Flaw | None]:
        """Go to where reading goes on, and what to say of the damage. None, None: all was read."""
        if damage is None or self._has_ended:
            is_at_chat, self._is_at_chat, self._has_ended = self._is_at_chat, False, False
            return (NextPlace(None) if is_at_chat else None), None
        if (begin := self._find_passed()) is not None:
            return NextPlace(None), passed_at(begin)
        found = self._find_rest(damage.at)
        return found, fatal_flaw(damage) if found is None else damaged_at(damage.at)

    def _find_rest(self, at: int) -> NextPlace | None:
        """The last chat's next message, or the next chat of a list."""
        frame = self._begun
        if frame is not None and self._recover(at, frame):
            return NextPlace(frame)
        if self._is_account if frame is None else frame.in_account:
            return NextPlace(None) if self._pieces.recover_chat(at) else None
        return self._find_only(at)

    def _find_only(self, at: int) -> NextPlace | None:
        """The messages of a chat that is alone in its document."""
        found = self._pieces.recover_only(at)
        if found is None or (self._begun is not None and "id" not in found):
            return None  # those of a second chat without an id could be of any
        self._begun = ChatFrame({**(self._top.fields if self._begun is None else {}), **found})
        return NextPlace(self._begun)

    def _find_passed(self) -> int | None:
        """Go to the next chat of a list in what was passed over; return where that begins."""
        if self._skipped is None or self._rewinds == _REWINDS:
            return None
        begin, reached, self._skipped = self._skipped, self._pieces.at, None
        self._rewinds += 1
        self._pieces.rewind(begin)
        if self._pieces.recover_chat(begin):
            return begin
        self._pieces.rewind(reached)
        return None

    def _recover(self, at: int, frame: ChatFrame) -> bool:
        """Go to the next message of a chat; False if it has none."""
        return self._pieces.recover(at, after=self._messages.remembered if frame.in_account else None)

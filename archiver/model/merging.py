"""Decide how two archives' knowledge of one message becomes one: content, earlier contents, absences, times. Pure.

The same pair gives the same message whichever of the two takes in the other, and taking it in again changes nothing.

which content is current   captured before imported; the whole before its own part; then the later pts, the later edit,
                           the later sighting; the payload decides where all else is equal
the other content          becomes an earlier one, unless it is held as such, or adds nothing
earlier contents           united by content hash; numbers that are given stay, what is new gets the next ones
absences                   moments at which it was seen and moments at which it was found missing, of both, in order:
                           each run of the latter is one absence, so that none overlaps another
first and last seen        the earliest and the latest of both; each is the time of an answer in the log. A message of
                           which either has what Telegram showed has no time of an export; of two exports, the one
                           with the later content says when it was last there
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from archiver.model.imported import IMPORTED
from archiver.model.versions import Absence
from config.records import record

CURRENT: Final = -1
"""The place of the current content in `MergedMessage.adds`."""


class KnownContent(NamedTuple):
    """One content of a message as one archive has it. Times are unix seconds."""

    content_hash: bytes
    payload_sha256: bytes
    moment: int
    """Of the edit it shows; of posting, if it was never edited."""
    began: int
    """When it was first seen."""
    last_seen: int
    layer: int = 1
    words: bytes = b""
    """Hash of its words alone (`archiver.model.imported.text_hash`); needed of current contents only."""
    part_hash: bytes | None = None
    """Content hash of the part shown of this edit's rich message, if it was ever shown in part."""

    @property
    def partial(self) -> bool:
        """Whether only the part of a rich message is held."""
        return self.part_hash == self.content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMessage:
    """What one archive knows of a message. Times are unix seconds."""

    current: KnownContent
    earlier: tuple[KnownContent, ...] = ()
    """By number, from 1."""
    first_seen: int
    origin: str
    last_seen: int
    seen_pts: int | None = None
    absences: tuple[Absence, ...] = ()
    shown: frozenset[bytes] = frozenset()
    """Hashes of the words of earlier contents that Telegram showed: the content hashes of imports with these words."""


class Notice(NamedTuple):
    """An answer by which an archive that does not hold the message proves that it was gone."""

    at: int
    how: str


@record(frozen=True, slots=True, kw_only=True)
class MergedMessage:
    """What becomes of the message. Times are unix seconds."""

    takes: bool
    """Whether the other's current content becomes the current one, or the same content was seen later there."""
    keeps: bool = False
    """Whether the content held so far becomes an earlier one."""
    adds: tuple[int, ...] = ()
    """Places of the other's earlier contents to add, CURRENT for its current one."""
    replaced_at: int = 0
    """When the newer of the two contents was first seen."""
    first_seen: int
    origin: str
    last_seen: int
    seen_pts: int | None
    absences: tuple[Absence, ...]

    @property
    def absence(self) -> Absence | None:
        """The absence that has not ended."""
        return self.absences[-1] if self.absences and self.absences[-1].returned_at is None else None


def merge_message(ours: KnownMessage, theirs: KnownMessage, notices: Iterable[Notice] = ()) -> MergedMessage:
    """Decide what becomes of a message that both hold."""
    mine, other = ours.current, theirs.current
    same = mine.content_hash == other.content_hash
    takes = _is_newer(theirs, ours)
    keeps = takes and mine.content_hash not in theirs.shown and _adds(mine, other, theirs)
    known = {one.content_hash for one in ours.earlier} | ours.shown
    if keeps:
        known.add(mine.content_hash)
    adds = list(_list_new(theirs.earlier, known))
    if not takes and other.content_hash not in known and _adds(other, mine, ours):
        adds.append(CURRENT)
    origin, first_seen = _find_origin(ours, theirs)
    absences, last_seen = unite_absences(_with_claims(ours, theirs, takes=takes), notices)
    known_pts = [one.seen_pts for one in (ours, theirs) if one.seen_pts is not None]
    return MergedMessage(
        takes=takes,
        keeps=keeps,
        adds=tuple(adds),
        replaced_at=other.began if takes else mine.began,
        first_seen=first_seen,
        origin=origin,
        last_seen=last_seen,
        seen_pts=max(known_pts, default=None) if same else (theirs if takes else ours).seen_pts,
        absences=absences,
    )


def take_message(theirs: KnownMessage, notices: Sequence[Notice] = ()) -> MergedMessage:
    """Decide what becomes of a message that only the other holds. `notices`: that it was gone when we looked."""
    absences, last_seen = unite_absences((theirs,), notices)
    return MergedMessage(
        takes=True,
        first_seen=theirs.first_seen,
        origin=theirs.origin,
        last_seen=last_seen,
        seen_pts=theirs.seen_pts,
        absences=absences,
    )


def unite_absences(known: tuple[KnownMessage, ...], notices: Iterable[Notice] = ()) -> tuple[tuple[Absence, ...], int]:
    """The absences that all of these sightings leave, and when the message was last seen."""
    moments = sorted({moment for one in known for moment in _list_moments(one)})
    seen = [at for at, _, how in moments if how is None]
    last = max(seen, default=max(one.last_seen for one in known))
    moments += [(one.at, 1, one.how) for one in notices if one.at > last]
    absences: list[Absence] = []
    before: int | None = None
    gone: tuple[int, str, int] | None = None
    for at, _, how in sorted(moments, key=lambda moment: (moment[0], moment[1], moment[2] or "")):
        if how is not None:
            gone = gone or (at, how, min(at, last) if before is None else before)
        else:
            if gone is not None:
                absences.append(Absence(gone[0], gone[1], gone[2], at))
                gone = None
            before = at
    if gone is not None:
        absences.append(Absence(gone[0], gone[1], gone[2], None))
        last = gone[2]
    return tuple(_by_second(absences)), last


def _by_second(absences: Iterable[Absence]) -> Iterator[Absence]:
    """One absence a second: one that begins when the one before it was noticed shares its row, as when mirrored."""
    held: Absence | None = None
    for one in absences:
        if held is not None and held.noticed_at == one.noticed_at:
            held = held._replace(returned_at=one.returned_at)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _list_moments(one: KnownMessage) -> Iterator[tuple[int, int, str | None]]:
    """When it was seen (None), and when and how it was found missing. In one second: seen, missing, returned."""
    is_seen = one.current.layer != IMPORTED  # an export is no answer: its time is only a claim
    for gone in one.absences:
        if is_seen:
            yield gone.last_seen, 0, None
        yield gone.noticed_at, 1, gone.how
        if gone.returned_at is not None:
            yield gone.returned_at, 2, None
    if is_seen:
        yield one.first_seen, 0, None
        yield one.last_seen, 0, None


def _with_claims(ours: KnownMessage, theirs: KnownMessage, *, takes: bool) -> tuple[KnownMessage, KnownMessage]:
    """Both as sightings: an export with an earlier content does not say until when the later one was there."""
    mine, other = ours.current, theirs.current
    is_same = (mine.content_hash, mine.moment) == (other.content_hash, other.moment)
    if is_same or not mine.layer == other.layer == IMPORTED:
        return ours, theirs
    if takes:
        return replace(ours, last_seen=theirs.last_seen), theirs
    return ours, replace(theirs, last_seen=ours.last_seen)


def _find_origin(ours: KnownMessage, theirs: KnownMessage) -> tuple[str, int]:
    """How and when it was first seen: on Telegram, if either archive saw it there."""
    captured = [one for one in (ours, theirs) if one.current.layer != IMPORTED] or [ours, theirs]
    first = min(captured, key=lambda one: (one.first_seen, one.origin))
    return first.origin, first.first_seen


def _is_newer(theirs: KnownMessage, ours: KnownMessage) -> bool:
    mine, other = ours.current, theirs.current
    if (mine.layer == IMPORTED) != (other.layer == IMPORTED):
        return mine.layer == IMPORTED
    if mine.partial != other.partial and _is_one_edit(mine, other):
        return mine.partial
    if theirs.seen_pts is not None and ours.seen_pts is not None and theirs.seen_pts != ours.seen_pts:
        return theirs.seen_pts > ours.seen_pts
    return (other.moment, theirs.last_seen, other.payload_sha256) > (mine.moment, ours.last_seen, mine.payload_sha256)


def _is_one_edit(mine: KnownContent, other: KnownContent) -> bool:
    """Whether a part and a whole may belong together: reactions move the date of a part, too."""
    part, whole = (mine, other) if mine.partial else (other, mine)
    return part.moment == whole.moment or part.content_hash == whole.part_hash


def _adds(one: KnownContent, current: KnownContent, holder: KnownMessage) -> bool:
    """Whether a content that is not the current one is an earlier one worth keeping. `holder`: of the current one."""
    if one.content_hash == current.content_hash:
        return False
    if IMPORTED in (one.layer, current.layer) and one.words == current.words:
        return False
    if one.partial:
        return not (_is_one_edit(one, current) if not current.partial else False) and all(
            one.moment != kept.moment for kept in holder.earlier
        )
    return True


def _list_new(earlier: Iterable[KnownContent], known: set[bytes]) -> Iterator[int]:
    found = set(known)
    for place, one in enumerate(earlier):
        if one.content_hash not in found:
            found.add(one.content_hash)
            known.add(one.content_hash)
            yield place

"""Files of the fake world: their bytes, their data center, and references that expire.

https://core.telegram.org/api/files and https://core.telegram.org/api/file_reference
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.doubles.telegram import file_bytes
from tests.doubles.telegram.pictures import Scene, jpeg

_MIB = 1 << 20
_MAGIC = b"\x8d\x17REF\xe2\x04\x9b"
# What stands in every stored object; `personal` puts the account's own reference in its place on the way out.
REFERENCE = _MAGIC + b"\0" * 16
Key = tuple[str, int]  # photo or document, and its id: photos and documents have ids of their own


def reference(epoch: int, account_id: int, made: float = 0.0) -> bytes:
    return _MAGIC + struct.pack("<IId", epoch, account_id & 0xFFFFFFFF, made)


def personal(answer: bytes, files: Files, account_id: int) -> bytes:
    """An answer with the references that are good for this account now."""
    if _MAGIC not in answer:
        return answer
    return answer.replace(REFERENCE, reference(files.epoch, account_id, files.period()))


@dataclass(frozen=True)
class File:
    """One file and its thumbnails: `sizes` by Telegram's size letter, "" is a document itself."""

    id: int
    mime: str
    sizes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)  # width, height, bytes
    dc: int = 2
    kind: str = "document"
    scene: Scene | None = None  # what its pictures show; None: something of its own
    content: str = ""  # files of the same content have the same bytes; "": of its own

    @property
    def key(self) -> Key:
        return self.kind, self.id

    @property
    def name(self) -> str:
        return self.content or f"{self.kind}/{self.id}"

    @property
    def access_hash(self) -> int:
        return (self.id * 0x9E3779B97F4A7C15 ^ 0x5BD1E995) & (1 << 62) - 1

    @property
    def largest(self) -> str:
        """The letter of the file itself."""
        return max(self.sizes, key=lambda letter: self.sizes[letter][2])

    def read(self, letter: str, offset: int, limit: int) -> bytes:
        size = self.sizes[letter][2]
        if self._pictures(letter):
            return self._picture(letter)[offset : min(offset + limit, size)]
        end = min(offset + limit, size)
        return file_bytes.read(self.name + letter, self.mime, offset, end) if offset < end else b""

    def _pictures(self, letter: str) -> bool:
        return bool(letter) or self.mime == "image/jpeg"

    def _picture(self, letter: str) -> bytes:
        return jpeg(self.name + letter, *self.sizes[letter], self.scene or Scene(self.name))

    def parts(self, letter: str, size: int = _MIB) -> Iterator[bytes]:
        for offset in range(0, self.sizes[letter][2], size):
            yield self.read(letter, offset, size)


class Files:
    """All files that some message has shown, and the references to them."""

    def __init__(self, now: Any = lambda: 0.0) -> None:
        self.now = now
        self.epoch = 0
        self.lifetime: float | None = None  # seconds of the world's time that a reference is good for
        self.expired_as = "FILE_REFERENCE_EXPIRED"  # or FILE_REFERENCE_0_EXPIRED, ...
        self.expired_of: dict[int, int] = {}  # account id -> the first epoch that is good for it
        self.stale: set[Key] = set()  # every reference to these is expired, however new
        self.gone: dict[Key, str] = {}  # what getFile says to these: FILE_ID_INVALID, LOCATION_INVALID, ...
        self._known: dict[Key, File] = {}
        self._digests: dict[tuple[str, str, str], bytes] = {}
        self._last = 5_100_000_000_000_000

    def __iter__(self) -> Iterator[File]:
        return iter(self._known.values())

    def new_id(self) -> int:
        self._last += 7
        return self._last

    def add(self, file: File) -> File:
        self._known[file.key] = file
        return file

    def find(self, file_id: int, kind: str | None = None) -> File | None:
        kinds = ("photo", "document") if kind is None else (kind,)
        return next((self._known[one, file_id] for one in kinds if (one, file_id) in self._known), None)

    def move(self, file: File, dc: int) -> File:
        """From now on the file is in another data centre; messages still name the old one."""
        return self.add(replace(file, dc=dc))

    def sha256(self, file: File, letter: str | None = None) -> bytes:
        """Of the whole file, or of one of its sizes."""
        letter = file.largest if letter is None else letter
        key = (*map(str, (file.name, letter)), str(file.sizes[letter]))
        if key not in self._digests:
            self._digests[key] = file_bytes.digest(file.parts(letter))
        return self._digests[key]

    # references

    def period(self) -> float:
        """When the references given now count as made: they change ten times within their lifetime, or never."""
        if self.lifetime is None:
            return 0.0
        grain = self.lifetime / 10
        return float(self.now() // grain * grain)

    def expire(self, account_id: int | None = None) -> None:
        """From now on the references given so far (to this account) are refused with FILE_REFERENCE_EXPIRED."""
        self.epoch += 1
        if account_id is not None:
            self.expired_of[account_id] = self.epoch
        else:
            self.expired_of[0] = self.epoch

    def refusal(self, given: bytes, file: File, account_id: int) -> str | None:
        """What a getFile with this reference is told; None when it is good."""
        if not given:
            return "FILE_REFERENCE_EMPTY"
        if len(given) != len(REFERENCE) or given[:8] != _MAGIC:
            return "FILE_REFERENCE_INVALID"
        epoch, owner, made = struct.unpack("<IId", given[8:])
        if owner != account_id & 0xFFFFFFFF:
            return "FILE_REFERENCE_INVALID"
        old = epoch < max(self.expired_of.get(0, 0), self.expired_of.get(account_id, 0))
        late = self.lifetime is not None and self.now() - made > self.lifetime
        return self.expired_as if old or late or file.key in self.stale else None

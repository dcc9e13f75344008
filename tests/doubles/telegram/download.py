"""upload.getFile with the rules of https://core.telegram.org/api/files"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.files import File
from tests.doubles.telegram.rpc import Context, Rpc, method

_KIB = 1 << 10
_MIB = 1 << 20
_HASHED = 128 * _KIB  # the bytes of one hash
_HASHES = 40  # in one answer
CDN_DC = 203
_KINDS = {types.InputDocumentFileLocation: "document", types.InputPhotoFileLocation: "photo"}


class Part(types.upload.File):
    """An answer that knows of which file it is."""

    def __init__(self, file: File, letter: str, offset: int, limit: int) -> None:
        picture = letter or file.mime == "image/jpeg"
        kind = types.storage.FileJpeg() if picture else types.storage.FilePartial()
        super().__init__(kind, 0, file.read(letter, offset, limit))
        self.file, self.letter, self.offset, self.limit = file, letter, offset, limit


@method(fn.upload.GetFileRequest)
def get_file(ctx: Context, request: fn.upload.GetFileRequest) -> Any:
    file = _located(ctx, request.location)
    if file.dc != ctx.dc:
        raise Rpc(303, f"FILE_MIGRATE_{file.dc}")
    check_part(request.offset, request.limit, precise=bool(request.precise))
    if request.cdn_supported:
        return types.upload.FileCdnRedirect(CDN_DC, os.urandom(16), os.urandom(32), os.urandom(16), [])
    return Part(file, _letter(file, request.location), request.offset, request.limit)


@method(fn.upload.GetFileHashesRequest)
def get_file_hashes(ctx: Context, request: fn.upload.GetFileHashesRequest) -> list[Any]:
    """Hashes of 128 KB each from there on, of 5 MB at most."""
    file = _located(ctx, request.location)
    if file.dc != ctx.dc:
        raise Rpc(303, f"FILE_MIGRATE_{file.dc}")
    letter = _letter(file, request.location)
    start = max(request.offset, 0) // _HASHED * _HASHED
    offsets = range(start, start + _HASHES * _HASHED, _HASHED)
    parts = ((offset, file.read(letter, offset, _HASHED)) for offset in offsets)
    return [types.FileHash(offset, len(part), sha256(part).digest()) for offset, part in parts if part]


def _located(ctx: Context, location: Any) -> File:
    kind = _KINDS.get(type(location))
    if kind is None:
        raise Rpc(400, "LOCATION_INVALID")
    files = ctx.world.files
    file = files.find(location.id, kind)
    if file is None or file.access_hash != location.access_hash:
        raise Rpc(400, "FILE_ID_INVALID")
    if error := files.gone.get(file.key) or files.refusal(location.file_reference, file, ctx.account.id):
        raise Rpc(400, error)
    return file


def _letter(file: File, location: Any) -> str:
    if location.thumb_size not in file.sizes:
        raise Rpc(400, "LOCATION_INVALID")
    return str(location.thumb_size)


def check_part(offset: int, limit: int, *, precise: bool) -> None:
    """Raise where the documents forbid such a part."""
    step = _KIB if precise else 4 * _KIB
    if offset < 0 or offset % step:
        raise Rpc(400, "OFFSET_INVALID")
    if limit <= 0 or limit > _MIB or limit % step or (not precise and _MIB % limit):
        raise Rpc(400, "LIMIT_INVALID")
    if offset // _MIB != (offset + limit - 1) // _MIB:
        raise Rpc(400, "LIMIT_INVALID")

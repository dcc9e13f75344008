"""upload.getFile with the rules of https://core.telegram.org/api/files"""

from __future__ import annotations

from typing import Any

from telethon.tl import functions as fn
from telethon.tl import types

from tests.doubles.telegram.files import File, reference_error
from tests.doubles.telegram.rpc import Context, Rpc, method

_KIB = 1 << 10
_MIB = 1 << 20


@method(fn.upload.GetFileRequest)
def get_file(ctx: Context, request: fn.upload.GetFileRequest) -> Any:
    file = _located(ctx, request.location)
    if file.dc != ctx.dc:
        raise Rpc(303, f"FILE_MIGRATE_{file.dc}")
    _check_part(request)
    letter = request.location.thumb_size
    if letter not in file.sizes:
        raise Rpc(400, "LOCATION_INVALID")
    kind = types.storage.FileJpeg() if letter or file.mime == "image/jpeg" else types.storage.FilePartial()
    return types.upload.File(kind, 0, file.read(letter, request.offset, request.limit))


def _located(ctx: Context, location: Any) -> File:
    if not isinstance(location, types.InputDocumentFileLocation | types.InputPhotoFileLocation):
        raise Rpc(400, "LOCATION_INVALID")
    error = reference_error(location.file_reference, ctx.world.files.epoch, ctx.account.id)
    file = ctx.world.files.find(location.id)
    if file is None or file.access_hash != location.access_hash:
        raise Rpc(400, "FILE_ID_INVALID")
    if error:
        raise Rpc(400, error)
    return file


def _check_part(request: fn.upload.GetFileRequest) -> None:
    offset, limit = request.offset, request.limit
    step = _KIB if request.precise else 4 * _KIB
    if offset < 0 or offset % step:
        raise Rpc(400, "OFFSET_INVALID")
    if limit <= 0 or limit > _MIB or limit % step or (not request.precise and _MIB % limit):
        raise Rpc(400, "LIMIT_INVALID")
    if offset // _MIB != (offset + limit - 1) // _MIB:
        raise Rpc(400, "LIMIT_INVALID")


@method(fn.upload.GetFileHashesRequest)
def get_file_hashes(_: Context, __: Any) -> list[Any]:
    return []

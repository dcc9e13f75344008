"""The section [media.hooks]: programs of the user's that make texts of stored files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ByteSize, ConfigDict, Field
from pydantic_settings import NoDecode

from config.kinds import Duration
from config.names import HOOK_PLACEHOLDER

_MOST_ARGUMENTS = 100
_LONGEST = 4_000


def _parse_arguments(value: Any) -> Any:
    """Read a JSON list, since environment variables are text; a list is kept. A text is not split as by a shell."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('write it as a list, such as ["tesseract", "{path}", "-"]; it is not run by a shell') from None


def _check_command(value: tuple[str, ...]) -> tuple[str, ...]:
    """Require a program that can be found from any directory, and sensible arguments. Raises ValueError."""
    if not 1 <= len(value) <= _MOST_ARGUMENTS or any("\0" in one or len(one) > _LONGEST for one in value):
        raise ValueError(f"it needs a program and at most {_MOST_ARGUMENTS} arguments")
    program = value[0]
    if not program.strip() or HOOK_PLACEHOLDER in program:
        raise ValueError("the first item of the list is the program")
    if "/" in program and not program.startswith(("/", "~/")):
        raise ValueError(f'write "{program}" with its full path: the program is not run in this directory')
    return value


def _check_hook(value: tuple[str, ...]) -> tuple[str, ...]:
    """The same, and an argument for the file. Raises ValueError."""
    if not any(HOOK_PLACEHOLDER in one for one in value[1:]):
        raise ValueError("an argument must contain {path}, which is replaced with the path of the file")
    return value


_Command = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_arguments), AfterValidator(_check_command)]
_Hook = Annotated[_Command, AfterValidator(_check_hook)]
_LIST = 'a list: a program and its arguments, one of them "{path}", such as '


class HookSettings(BaseModel):
    """Programs that `telekeep run` and `telekeep media annotate` run on stored files, one at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    transcribe: _Hook | None = Field(default=None, description=_LIST + '["whisper-cli", "{path}"]')
    ocr: _Hook | None = Field(default=None, description=_LIST + '["tesseract", "{path}", "-"]')
    transcribe_version: _Command | None = Field(
        default=None, description='a list: what prints its version, such as ["whisper-cli", "--version"]'
    )
    ocr_version: _Command | None = Field(
        default=None, description='a list: what prints its version, such as ["tesseract", "--version"]'
    )
    time_limit: Duration = Field(
        default=timedelta(minutes=30), description='seconds for one file, or a text such as "10m"; then it is ended'
    )
    output_limit: ByteSize = Field(
        default=ByteSize(1_000_000), ge=1, le=100_000_000, description='bytes of text for one file, or such as "1MB"'
    )
    attempts: int = Field(default=3, ge=1, le=100, description="how often a file is tried, 1 to 100")

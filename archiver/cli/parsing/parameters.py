"""What a command accepts, read from its signature: `Annotated[type, Option(...)]` or `Annotated[type, Argument(...)]`.

A parameter without a default is required; a list is repeatable; a bool is a flag, and a flag `--yes/--no` has both
forms; a Literal is a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

REQUIRED: Final = object()
"""The default of a parameter that has none."""


_PATHS: Final = ("PATH", "FILE", "DIR")
"""What parameters are called that name a file, even if their type is text."""


class Argument:
    """Declares a parameter given by position."""

    __slots__ = ("help", "metavar")

    def __init__(self, *, metavar: str, help: str = "") -> None:  # noqa: A002 - the word of the field
        self.metavar = metavar
        self.help = help


class Option:
    """Declares a parameter given by name; without flags, the flag is derived from the parameter's name."""

    __slots__ = ("count", "flags", "help", "limits", "metavar")

    def __init__(
        self,
        *flags: str,
        metavar: str = "",
        help: str = "",  # noqa: A002 - the word of the field
        min: int | None = None,  # noqa: A002 - see above
        max: int | None = None,  # noqa: A002 - see above
        count: bool = False,
    ) -> None:
        self.flags = flags
        self.metavar = metavar
        self.help = help
        self.limits = (min, max)
        self.count = count


class Parameter(NamedTuple):
    """One parameter of a command."""

    name: str
    flags: tuple[str, ...]
    """Empty for an argument."""
    off: tuple[str, ...]
    """Flags that mean False."""
    shape: Literal["flag", "count", "value", "list"]
    kind: type
    choices: tuple[str, ...]
    limits: tuple[int | None, int | None]
    default: Any
    metavar: str
    help: str

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is REQUIRED

    @property
    def flag(self) -> str:
        """The flag to name in messages: the long one if there is one."""
        return next((flag for flag in self.flags if flag.startswith("--")), self.flags[0] if self.flags else "")

    @property
    def takes_value(self) -> bool:
        """Whether an option is followed by a value."""
        return self.shape in {"value", "list"}


class CommandContext(NamedTuple):
    """What a command receives in addition to its parameters."""

    obj: Any
    """The global options, an `Invocation`."""
    given: frozenset[str] = frozenset()
    """Names of the parameters that were given."""


def read_signature(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters of a command, in the order of its signature."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional = names[: code.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(function.__defaults__ or ()), strict=False))
    defaults |= function.__kwdefaults__ or {}
    hints = get_type_hints(function, include_extras=True)
    return tuple(_read(name, hints[name], defaults) for name in names if hasattr(hints[name], "__metadata__"))


def _read(name: str, hint: Any, defaults: Mapping[str, Any]) -> Parameter:
    declared = hint.__metadata__[0]
    kind, is_list = _strip(hint.__origin__)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    flags, off = _flags(name, declared)
    return Parameter(
        name=name,
        flags=flags,
        off=off,
        shape="list" if is_list else _shape(declared, kind),
        kind=str if choices else kind,
        choices=choices,
        limits=getattr(declared, "limits", (None, None)),
        default=defaults.get(name, REQUIRED),
        metavar=declared.metavar or ("" if kind is bool else name.upper()),
        help=declared.help,
    )


def _strip(hint: Any) -> tuple[Any, bool]:
    """The type of one value, and whether there may be several."""
    parts = [part for part in get_args(hint) if part is not type(None)]
    if type(None) in get_args(hint) and len(parts) == 1:
        hint = parts[0]
    return (get_args(hint)[0], True) if get_origin(hint) is list else (hint, False)


def _shape(declared: Any, kind: Any) -> Literal["flag", "count", "value"]:
    if getattr(declared, "count", False):
        return "count"
    return "flag" if kind is bool else "value"


def _flags(name: str, declared: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(declared, Argument):
        return (), ()
    pairs = [flag.partition("/") for flag in declared.flags] or [(f"--{name.replace('_', '-')}", "", "")]
    return tuple(on for on, _, _ in pairs), tuple(off for _, _, off in pairs if off)


def convert(parameter: Parameter, text: str) -> Any:
    """Convert the text. Raises ValueError, which says what is wrong and what is allowed."""
    if parameter.choices:
        if text not in parameter.choices:
            several = "one of " if len(parameter.choices) > 1 else ""
            raise ValueError(f'"{text}" is not {several}{", ".join(parameter.choices)}')
        return text
    if not text and (parameter.kind is Path or parameter.metavar in _PATHS):
        raise ValueError("the path is empty; give the name of a file or directory")
    if parameter.kind is Path:
        return Path(text)
    if parameter.kind in (int, float):
        return _number(parameter, text)
    return text


def _number(parameter: Parameter, text: str) -> float:
    try:
        value = parameter.kind(text) if text.isascii() and "_" not in text else None
    except ValueError:
        value = None
    if not isinstance(value, int | float):
        raise ValueError(f'"{text}" is not a {"whole " if parameter.kind is int else ""}number')  # noqa: TRY004
    low, high = parameter.limits
    if low is not None and value < low:
        raise ValueError(f"{value} is too small; the smallest is {low}")
    if high is not None and value > high:
        raise ValueError(f"{value} is too large; the largest is {high}")
    return value

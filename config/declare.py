"""Declare settings: sections are classes, settings are attributes with a kind, a default and what is allowed.

`Section.read` turns values of a file and the environment into a section, or says what is wrong with each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal, NamedTuple, Self, TypeAlias

REQUIRED: Final = object()
"""The default of a setting that must be set."""

Kind: TypeAlias = Callable[[Any], Any]
"""Converts a value as read. Raises ValueError, with a reason if the allowed values do not say it."""


class Problem(NamedTuple):
    """What is wrong with one setting."""

    at: tuple[str, ...]
    what: Literal["unknown", "missing", "value", "section"]
    """"section": the section as a whole, for a reason."""
    value: Any = None
    reason: str = ""


class Secret:
    """A text that is never shown."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """The text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Setting(NamedTuple):
    """One setting of a section, or a section in it."""

    kind: Kind
    default: Any
    """A value, or a function without arguments that makes one."""
    description: str
    hidden: bool = False
    """Whether its value is never shown."""
    section: type[Section] | None = None
    shape: Literal["one", "named", "listed"] = "one"
    """Of a section: whether there may be several, by name or in a list."""

    def make_default(self) -> Any:
        """The value of a setting that is not set."""
        return self.default() if callable(self.default) else self.default


def setting(kind: Kind, default: Any, description: str, *, hidden: bool = False) -> Any:
    """Declare a setting."""
    return Setting(kind, default, description, hidden=hidden)


def section(
    of: type[Section],
    default: Any,
    description: str,
    *,
    shape: Literal["one", "named", "listed"] = "one",
    kind: Kind | None = None,
) -> Any:
    """Declare a section in a section. `kind` converts or checks its values before they are read."""
    return Setting(kind or _as_it_is, default, description, section=of, shape=shape)


class Section:
    """A section of the settings; immutable."""

    declared: ClassVar[Mapping[str, Setting]] = {}
    _given: frozenset[str]

    def __init_subclass__(cls) -> None:
        cls.declared = {name: one for name, one in vars(cls).items() if isinstance(one, Setting)}

    def __init__(self, **values: Any) -> None:
        """Take values as they are; others get their defaults."""
        if unknown := set(values) - set(self.declared):
            raise TypeError(f"unknown settings: {sorted(unknown)}")
        for name, one in self.declared.items():
            vars(self)[name] = values[name] if name in values else one.make_default()
        vars(self)["_given"] = frozenset(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings do not change: {name}")

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in vars(self).items() if not self._is_hidden(name))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return id(self)

    @property
    def given(self) -> frozenset[str]:
        """The settings that are set, rather than left to their defaults."""
        return self._given

    def _is_hidden(self, name: str) -> bool:
        return name not in self.declared or self.declared[name].hidden

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Change values before they are read. Raises ValueError with the reason."""
        return values

    def check(self) -> None:
        """Check settings against each other. Raises ValueError with the reason."""

    @classmethod
    def read(cls, values: Any, at: tuple[str, ...], problems: list[Problem]) -> Self | None:
        """The section that these values make; None, and what is wrong, if there is a problem."""
        if not isinstance(values, dict):
            problems.append(Problem(at, "value", values))
            return None
        before = len(problems)
        try:
            values = cls.prepare(values)
        except ValueError as exc:
            problems.append(Problem(at, "section", reason=str(exc)))
            return None
        made = dict(cls._read_each(values, at, problems))
        problems += [Problem((*at, str(key)), "unknown") for key in values if key not in cls.declared]
        if len(problems) > before:
            return None
        read = cls(**made)
        try:
            read.check()
        except ValueError as exc:
            problems.append(Problem(at, "section", reason=str(exc)))
        return read

    @classmethod
    def _read_each(
        cls, values: Mapping[str, Any], at: tuple[str, ...], problems: list[Problem]
    ) -> Iterator[tuple[str, Any]]:
        for name, one in cls.declared.items():
            if name in values:
                yield name, _read(one, values[name], (*at, name), problems)
            elif one.default is REQUIRED:
                problems.append(Problem((*at, name), "missing"))


def _read(one: Setting, value: Any, at: tuple[str, ...], problems: list[Problem]) -> Any:
    try:
        value = one.kind(value)
    except (ValueError, TypeError, OverflowError) as exc:
        problems.append(Problem(at, "value", value, str(exc) if type(exc) is ValueError else ""))
        return None
    if one.section is None:
        return value
    if one.shape == "one":
        return one.section.read(value, at, problems)
    return (_read_named if one.shape == "named" else _read_listed)(one.section, value, at, problems)


def _read_named(kind: type[Section], value: Any, at: tuple[str, ...], problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        problems.append(Problem(at, "value", value))
        return None
    return {name: kind.read(part, (*at, name), problems) for name, part in value.items()}


def _read_listed(kind: type[Section], value: Any, at: tuple[str, ...], problems: list[Problem]) -> Any:
    if not isinstance(value, list):
        problems.append(Problem(at, "value", value))
        return None
    return tuple(kind.read(part, (*at, str(number)), problems) for number, part in enumerate(value))


def _as_it_is(value: Any) -> Any:
    return value

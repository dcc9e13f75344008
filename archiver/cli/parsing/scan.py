"""Read the words of a command line: options anywhere, `--name=value`, `-n3`, `-vq`; after `--`, only arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any, Final, NamedTuple

from archiver.cli.parsing.nearest import did_you_mean
from archiver.cli.parsing.parameters import Parameter, convert
from archiver.errors import UsageError

HELP = ("-h", "--help")
_ELSEWHERE: Final = {
    **dict.fromkeys(("--limit", "--max", "--max-results", "--lines", "--number", "-l"), "-n"),
    **dict.fromkeys(("--from", "--start", "--begin", "--newer"), "--since"),
    **dict.fromkeys(("--to", "--end", "--before", "--older"), "--until"),
    **dict.fromkeys(("--date", "--day"), "--on"),
    **dict.fromkeys(("--timezone", "--zone"), "--tz"),
    **dict.fromkeys(("--out", "--outfile"), "--output"),
    **dict.fromkeys(("--port", "--bind", "--host", "-p"), "--listen"),
    "-f": "--format",
    **dict.fromkeys(("--overwrite", "--replace"), "--force"),
    **dict.fromkeys(("--order", "--order-by", "--sort-by"), "--sort"),
}
"""What other programs call our options."""


class HelpWantedError(Exception):
    """--help was given."""


class Parsed(NamedTuple):
    """The values of a command line."""

    values: dict[str, Any]
    """By parameter."""
    given: frozenset[str]
    rest: list[str]
    """What follows the first argument, if only the leading options were read."""


class CommandLine:
    """Reads the command line of one command."""

    def __init__(
        self, name: str, parameters: Sequence[Parameter], *, examples: Sequence[str] = (), leading: bool = False
    ) -> None:
        """`examples`: how the command is used, for errors; plainest first. `leading`: stop at the first argument."""
        self._name = name
        self._who = "" if leading else f"{name} "
        self._examples = examples
        self._leading = leading
        self._parameters = parameters
        self._flags = {flag: one for one in parameters for flag in (*one.flags, *one.off)}
        self._values: dict[str, Any] = {}
        self._words: list[str] = []
        self._rest: list[str] = []

    def read(self, words: Sequence[str]) -> Parsed:
        """The values. Raises UsageError and HelpWantedError."""
        self._scan(iter(words))
        self._assign()
        given = frozenset(self._values)
        for one in self._parameters:
            if one.name not in self._values:
                if one.required:
                    raise UsageError(f"{self._name} needs {_shown(one)}{self._as_in(0)}")
                self._values[one.name] = one.default
        return Parsed(self._values, given, self._rest)

    def _scan(self, words: Iterator[str]) -> None:
        for word in words:
            if word == "--":
                self._words += words
            elif not word.startswith("-") or word == "-":
                if self._leading:
                    self._rest = [word, *words]
                    return
                self._words.append(word)
            elif word.startswith("--"):
                flag, equals, value = word.partition("=")
                self._long(flag, value if equals else None, words)
            else:
                self._short(word, words)

    def _long(self, flag: str, value: str | None, words: Iterator[str]) -> None:
        one = self._find(flag, flag)
        if one.takes_value:
            self._set(one, flag, self._next(one, flag, words) if value is None else value)
        elif value is not None:
            raise UsageError(f"{self._who}{flag} takes no value; leave out ={value}.")
        else:
            self._switch(one, flag)

    def _short(self, word: str, words: Iterator[str]) -> None:
        for at in range(1, len(word)):
            flag = f"-{word[at]}"
            one = self._find(flag, word)
            if one.takes_value:
                value = word[at + 1 :].removeprefix("=")
                self._set(one, flag, value or self._next(one, flag, words))
                return
            self._switch(one, flag)

    def _find(self, flag: str, word: str) -> Parameter:
        if flag in self._flags:
            return self._flags[flag]
        if flag in HELP:
            raise HelpWantedError
        if (long := f"-{word.partition('=')[0]}") in self._flags:  # -tz for --tz
            raise UsageError(f"{self._name} has no option {long[1:]}.", hint=f"Did you mean {long}?")
        if not word.startswith("--") and any(one.metavar == "QUERY" and not one.flags for one in self._parameters):
            raise UsageError(
                f"{self._name} has no option {flag}.",
                hint="Put -- before a query that starts with -, as in: telekeep search -- -toll bridge",
            )
        topic = "options" if self._leading else self._name
        hint = did_you_mean(flag, [*self._flags, "--help"], otherwise=f"`telekeep help {topic}` lists them.")
        if (ours := _ELSEWHERE.get(flag)) in self._flags:
            hint = f"Did you mean {ours}?"
        if flag in ("-c", "--channel") and any(one.metavar == "CHANNEL" and not one.flags for one in self._parameters):
            hint = f"Name a channel without an option: telekeep {self._name} @name"
        raise UsageError(
            f"{self._name} has no option {flag}." if self._who else f"there is no option {flag}.", hint=hint
        )

    def _next(self, one: Parameter, flag: str, words: Iterator[str]) -> str:
        value = next(words, None)
        if value is None or value == "--" or value in self._flags:
            raise UsageError(f"{self._who}{flag} needs a value: {flag} {' or '.join(one.choices) or one.metavar}")
        return value

    def _set(self, one: Parameter, flag: str, text: str) -> None:
        try:
            value = convert(one, text)
        except ValueError as exc:
            raise UsageError(f"{self._who}{flag}: {exc}.") from None
        if one.shape == "list":
            self._values.setdefault(one.name, []).append(value)
        elif one.name in self._values:
            raise UsageError(f"{self._who}{one.flag} is given twice.", hint="Give it once.")
        else:
            self._values[one.name] = value

    def _switch(self, one: Parameter, flag: str) -> None:
        self._values[one.name] = self._values.get(one.name, 0) + 1 if one.shape == "count" else flag not in one.off

    def _assign(self) -> None:
        """Assign the words to the arguments, one each; the last may take all that remain."""
        words = iter(self._words)
        arguments = [one for one in self._parameters if not one.flags]
        for one in arguments:
            taken = list(words) if one.shape == "list" else [word for word in [next(words, None)] if word is not None]
            for word in taken:
                self._set(one, one.metavar, word)
        if (extra := next(words, None)) is not None:
            most = f"only {' '.join(one.metavar for one in arguments)}" if arguments else "no arguments"
            raise UsageError(f'{self._name} takes {most}{self._as_in(len(arguments))}; unexpected "{extra}"')

    def _as_in(self, arguments: int) -> str:
        """Return the plainest example that has this many arguments, or else the plainest of all."""
        own = 1 + len(self._name.split())
        fit = (one for one in self._examples if len([*takewhile(_is_plain, one.split()[own:])]) >= arguments)
        example = next(fit, next(iter(self._examples), None))
        return f", as in: {example}" if example else ""


def _is_plain(word: str) -> bool:
    return not word.startswith(("-", "|", ">"))


def _shown(one: Parameter) -> str:
    return f"{one.flag} {one.metavar}" if one.flags else one.metavar

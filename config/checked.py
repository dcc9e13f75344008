"""Settings as they were checked before, for commands that only read: importing pydantic takes longer than a search.

`load_checked` stores the result of `config.load` in `.telekeep.toml.checked` next to the file: without secrets, for its
owner only, with a digest of all that it depends on (the file, the environment, the code). If it does not fit, is too
open or cannot be read, it is made again; where it cannot be written, settings are checked each time. Without a settings
file it is in the user's cache; with no more than the archive's directory in the environment, the defaults are those of
`defaults.json`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from config.files import FILE_VARIABLE, PREFIX, find_file
from config.paths import to_path, user_cache_path, user_data_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings

_MOST_BYTES = 1_000_000
_MOST_KEPT = 32
"""Maximum number of environments whose settings are kept."""
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""User and password in a URL."""
_CHECKED_BY = ("settings.py", "hooks.py", "kinds.py", "sizes.py", "fields.py", "load.py", "checked.py")
"""Modules that define what is allowed: after any change to them the settings are checked again."""
_DEFAULTS = Path(__file__).with_name("defaults.json")
_DIRECTORY = f"{PREFIX}ARCHIVE__DIR"
_UNCHECKED = {_DIRECTORY, FILE_VARIABLE, f"{PREFIX}LOG", f"{PREFIX}PAGER"}
"""Variables that say nothing else about the settings."""
_PLAIN = frozenset({"api_id", "api_hash", "proxy", "api_key", "search_key"})
"""Secrets that are used exactly as written in the file."""
_OF_SECTION = 2
"""Length of the path to a setting in a section: section and setting."""
_PLACES = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
"""Variables on which default paths depend."""


def load_checked(path: Path | None) -> Settings:
    """Load the settings, by reading what an earlier check of the same left. Raises SettingsError.

    The result has the attributes of Settings. A secret is read when its value is asked for.
    """
    file = find_file(path)
    if file is None and (defaults := _read_defaults()):
        return defaults
    if file is not None and not file.is_file():
        return _check(path)
    digest = _digest(file)
    kept = _in_cache() if file is None else file.with_name(f".{file.name}.checked")
    found = _read(kept, digest) if digest and kept else None
    if found is None or (file is None and not _put_directory(found)):
        settings = _check(path)
        if digest and kept:
            if file is None:
                _make_room(kept.parent)
            _keep(kept, json.dumps({"made_of": digest, "settings": _encode(settings)}))
        return settings
    return cast("Settings", _decode(found, (), _Secrets(file, digest, lambda: _check(path))))


def encode_defaults() -> str:
    """The contents of `defaults.json`: all settings but the archive's directory, where nothing is set."""
    from config.settings import Settings

    encoded = _encode(Settings())
    encoded["section"]["archive"]["section"]["dir"] = None
    return json.dumps(encoded, indent=1, sort_keys=True) + "\n"


def _read_defaults() -> Settings | None:
    """The settings where no more is set than the archive's directory; None if a check has to say what is wrong."""
    given = {name.upper().replace("-", "_"): value for name, value in os.environ.items()}
    if any(name.startswith(PREFIX) and name not in _UNCHECKED for name in given):
        return None
    try:
        found = json.loads(_DEFAULTS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not _put_directory(found):
        return None
    return cast("Settings", _decode(found, (), _Secrets(None, None, lambda: _check(None))))


def _put_directory(found: dict[str, Any]) -> bool:
    """Insert the archive's directory, on which nothing else depends; False if validation has to report an error."""
    given = [value for name, value in os.environ.items() if name.upper().replace("-", "_") == _DIRECTORY]
    try:
        directory = to_path(next(iter(given), None) or None) or user_data_path()
    except ValueError:
        return False
    if str(directory).startswith("~") or len(given) > 1:
        return False
    found["section"]["archive"]["section"]["dir"] = {"path": str(directory)}
    return True


def _check(path: Path | None) -> Settings:
    from config.load import load_settings

    return load_settings(path)


def _in_cache() -> Path | None:
    """The file with the settings of this environment, named by what is set; None without a home directory."""
    names = sorted(name for name in os.environ if name.upper().startswith(PREFIX))
    about = repr((names, *map(os.environ.get, _PLACES)))
    place = user_cache_path() / "settings"
    name = hashlib.sha256(about.encode(errors="surrogateescape")).hexdigest()[:32]
    return None if str(place).startswith("~") else place / name


def _make_room(place: Path) -> None:
    """Create the directory, and keep only the files of the latest environments."""
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        dated = sorted((one.stat().st_mtime_ns, one) for one in place.iterdir() if _is_ours(one))
        for _, one in dated[: 1 - _MOST_KEPT]:
            one.unlink(missing_ok=True)


def _digest(file: Path | None) -> str | None:
    """A digest of everything that the settings depend on, except the contents of secret files."""
    try:
        text = file.read_bytes() if file else b""
        here = [(one.stat().st_size, one.stat().st_mtime_ns) for one in map(Path(__file__).with_name, _CHECKED_BY)]
        places = [str(file and file.resolve()), str(Path.cwd()), *map(os.environ.get, _PLACES)]
    except OSError:
        return None  # the check says why; a working directory that was deleted is no reason to
    variables = sorted((name, value) for name, value in os.environ.items() if name.upper().startswith(PREFIX))
    left_out = (FILE_VARIABLE,) if file else (FILE_VARIABLE, _DIRECTORY)
    variables = [one for one in variables if one[0] not in left_out]
    whole = repr((here, variables, places)).encode(errors="surrogateescape")
    return hashlib.sha256(whole + b"\0" + text).hexdigest()


def _read(kept: Path, digest: str) -> dict[str, Any] | None:
    try:
        with os.fdopen(os.open(kept, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
            known = os.fstat(opened.fileno())
            if not stat.S_ISREG(known.st_mode) or known.st_mode & 0o077 or known.st_uid != os.geteuid():
                return None
            found = json.loads(opened.read(_MOST_BYTES))
    except (OSError, ValueError):
        return None
    fits = isinstance(found, dict) and found.get("made_of") == digest and isinstance(found.get("settings"), dict)
    return found["settings"] if fits else None


def _keep(kept: Path, text: str) -> None:
    """Write the file completely or not at all; nothing depends on it. Never replaces a file of another kind."""
    with contextlib.suppress(OSError):
        if (os.path.lexists(kept) and not _is_ours(kept)) or _CREDENTIALS.search(text):
            return
        handle, name = tempfile.mkstemp(prefix=f"{kept.name}.", dir=kept.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as opened:
                opened.write(text)
            Path(name).replace(kept)
        except OSError:
            Path(name).unlink()
            raise


def _is_ours(kept: Path) -> bool:
    return stat.S_ISREG(kept.lstat().st_mode) and kept.read_bytes()[:12] in (b'{"made_of": ', b"")


def _encode(value: Any) -> Any:
    """Plain JSON of a setting or a section; secrets are left out, what has no JSON is tagged."""
    if hasattr(type(value), "model_fields"):
        shown = {
            name: _encode(getattr(value, name)) if one.repr or getattr(value, name) is None else {"secret": True}
            for name, one in type(value).model_fields.items()
        }
        computed = {
            name: _encode(getattr(value, name))
            for name, one in vars(type(value)).items()
            if isinstance(one, property) and not name.startswith("model_")
        }
        return {"section": shown | computed}
    if hasattr(value, "get_secret_value"):
        return {"secret": True}
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, tuple):
        return {"tuple": [_encode(one) for one in value]}
    if isinstance(value, dict):
        return {"named": {name: _encode(one) for name, one in value.items()}}
    return value


def _decode(value: Any, at: tuple[str, ...], secrets: _Secrets) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, inner),) = value.items()
    match tag:
        case "section":
            return SimpleNamespace(**{name: _decode(one, (*at, name), secrets) for name, one in inner.items()})
        case "named":
            return {name: _decode(one, (*at, name), secrets) for name, one in inner.items()}
        case "secret":
            return _Withheld(at, secrets)
        case "path":
            return Path(inner)
        case "seconds":
            return timedelta(seconds=inner)
        case _:
            return tuple(_decode(one, at, secrets) for one in inner)


class _Secrets:
    """Reads secrets where the settings have them."""

    def __init__(self, file: Path | None, digest: str | None, load: Callable[[], Settings]) -> None:
        """`digest`: of the settings as they were checked; `load` checks them again."""
        self._file = file
        self._digest = digest
        self._load = load

    def read(self, at: tuple[str, ...]) -> str:
        """The secret at this place. Raises SettingsError."""
        if (plain := self._read_plain(at)) is not None:
            return plain
        found: Any = self._load()
        for name in at:
            found = found[name] if isinstance(found, dict) else getattr(found, name)
        return str(found.get_secret_value() if hasattr(found, "get_secret_value") else found)

    def _read_plain(self, at: tuple[str, ...]) -> str | None:
        """The value of a setting that is used exactly as written; None for others, and if it is not a plain value."""
        if at[-1] not in _PLAIN:
            return None
        set_here = {name.upper(): value for name, value in os.environ.items()}
        own = {name for name in set_here if name.startswith(f"{PREFIX}{at[0].upper()}")}
        if value := set_here.get("__".join((f"{PREFIX}{at[0]}", *at[1:])).upper()):
            return value if len(at) == _OF_SECTION else None  # account names can be spelled in several ways
        if self._file is None or own:
            return None
        import tomllib

        try:
            found: Any = tomllib.loads(self._file.read_text(encoding="utf-8"))
            for name in at:
                found = found[name]
        except (OSError, ValueError, LookupError, TypeError):
            return None
        is_same = _digest(self._file) == self._digest
        return str(found) if is_same and isinstance(found, str | int) and found else None


class _Withheld:
    """A secret that was left out, and is read when somebody asks for it."""

    def __init__(self, at: tuple[str, ...], secrets: _Secrets) -> None:
        self._at = at
        self._secrets = secrets

    def get_secret_value(self) -> str:
        """The secret. Raises SettingsError."""
        return self._secrets.read(self._at)

    def __repr__(self) -> str:
        return "SecretStr('**********')"

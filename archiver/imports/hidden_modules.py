"""Hide large libraries from pyarrow, which would load them just to recognise their values."""

from __future__ import annotations

import sys


class HiddenModules:
    """Hides modules that are not imported yet: pyarrow looks for them on start, and works without them."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse the hidden modules; leave others to the usual finders."""
        if name in self._names:
            raise ModuleNotFoundError(name)

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

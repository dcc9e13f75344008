"""Import pyarrow without the large libraries that it would load just to recognise their values."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from archiver.errors import UsageError, install_command


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


_REMOTE: Final = ("pyarrow._s3fs", "pyarrow._gcsfs", "pyarrow._azurefs", "pyarrow._hdfs")
"""Remote file systems, without which `pyarrow.fs` works as well; they take 5 MB."""


def import_pyarrow(*, alone: bool = False) -> tuple[Any, Any]:
    """`pyarrow` and `pyarrow.parquet`, imported only where they are used. Raises UsageError.

    `alone`: whether this process uses pyarrow for nothing else: pandas cannot use a pyarrow that was imported without
    numpy.
    """
    hidden = ("numpy", "pandas", *_REMOTE) if alone else ("pandas", *_REMOTE)
    # pyarrow's own allocator keeps up to 30 MB of freed memory. `set_memory_pool` would not reach pages of Parquet.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        with HiddenModules(*hidden):  # they would take 60 MB just to have their types recognised
            import pyarrow as pa
            import pyarrow.parquet as pq

            pa.array([])
    except ImportError:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed.", hint=f"Install it: {install_command('parquet')}."
        ) from None
    return pa, pq

"""Whether a double has changed since its own tests last passed.

The doubles stand for Telegram and Meilisearch in all other tests; their own tests say only that the doubles are right,
which stays so while nothing of them changes. `double_tests.txt` has a digest of each as it was when its tests passed.
`scripts/test` writes it after all tests have passed, `scripts/test doubles` after those of the doubles have.

`python -m tests.double_tests` prints the digests of what is there now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PASSED = Path(__file__).with_suffix(".txt")
SHARED = ROOT / "tests/doubles/fault_specs.py"
# Each double, and the packages that its tests talk to it with: their versions count, too.
CLIENTS = {"tests/doubles/telegram": ("telethon", "cryptg"), "tests/doubles/meilisearch": ("meilisearch", "requests")}


def list_changed() -> list[str]:
    """Directories of the doubles whose tests have not passed as they are now."""
    passed = PASSED.read_text("utf-8").splitlines() if PASSED.exists() else []
    return [line.split()[0] for line in digests() if line not in passed]


def digests() -> Iterator[str]:
    """Lines of `double_tests.txt`: a double's directory and its digest."""
    for directory, clients in CLIENTS.items():
        digest = hashlib.sha256()
        for path in [*sorted((ROOT / directory).rglob("*")), SHARED]:
            if path.suffix in {".py", ".tl"}:
                digest.update(path.relative_to(SHARED.parent).as_posix().encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
        for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines():
            if line.strip().startswith(tuple(f'"{client}' for client in clients)):
                digest.update(line.strip().encode() + b"\0")
        yield f"{directory} {digest.hexdigest()}"


if __name__ == "__main__":
    print(*digests(), sep="\n")  # noqa: T201 - what scripts/test keeps

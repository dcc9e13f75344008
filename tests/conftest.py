"""What holds for all tests: the tiers, the order, and when the doubles' own tests run."""

from __future__ import annotations

import gc
from collections.abc import Generator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.double_tests import CLIENTS, ROOT, list_changed
from tests.tiers import SOAK, examples

DOUBLES = tuple(ROOT / directory for directory in CLIENTS)
SLOW_FIRST = ("acceptance", "integration", "contract")
"""Folders and files whose tests take long: begun first, so that no run ends with one long test."""

# The same examples each time, but in the soak tier: what is found by chance there is found by who looks for it.
settings.register_profile("tier", deadline=None, derandomize=not SOAK, max_examples=examples(100))
settings.load_profile("tier")


def pytest_configure(config: pytest.Config) -> None:
    changed = () if SOAK else tuple(ROOT / directory for directory in list_changed())
    asked = [(config.invocation_params.dir / word.partition("::")[0]).resolve() for word in config.args]
    config.stash[LEFT_OUT] = [
        double
        for double in DOUBLES
        if not (SOAK or double in changed or any(path.is_relative_to(double) for path in asked))
    ]


LEFT_OUT = pytest.StashKey[list[Path]]()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return collection_path in config.stash[LEFT_OUT] or None


def pytest_report_header(config: pytest.Config) -> list[str]:
    return [
        f"{double.relative_to(ROOT)}: unchanged since its own tests passed; they are left out"
        for double in config.stash[LEFT_OUT]
    ]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage, which takes as long as all the rest: what is collected stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _is_of_double(item.path):
            item.add_marker(pytest.mark.soak)
        if "meili" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.meilisearch)
        soak = item.get_closest_marker("soak")
        if soak and soak.kwargs and not SOAK:
            item.add_marker(pytest.mark.skip(f"{soak.kwargs['only']}; scripts/test soak runs it"))
    items.sort(key=lambda item: _place(item.path))


@cache
def _is_of_double(path: Path) -> bool:
    return any(path.is_relative_to(double) for double in DOUBLES)


@cache
def _place(path: Path) -> int:
    return next((n for n, name in enumerate(SLOW_FIRST) if name in (path.name, path.parent.name)), len(SLOW_FIRST))

"""Compile the dictionary of inflected forms while telekeep is built; everything else is in pyproject.toml."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildDictionary(build_py):
    """Copy the packages as usual, then write the dictionary next to them, or into the source tree if it stays there."""

    def run(self) -> None:
        super().run()
        sys.path.insert(0, str(ROOT))
        from search.words.dictionary.build import build

        gc.disable()  # else a third of the time goes into collecting garbage among millions of words
        folder = ROOT if self.editable_mode else Path(self.build_lib)
        build(folder / "search" / "words" / "dictionary")


setup(cmdclass={"build_py": BuildDictionary})

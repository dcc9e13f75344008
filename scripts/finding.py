"""Measure word search: correctly answered probes, and the speed of folding. Run by scripts/measure.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

Row = tuple[str, str, str]
BYTES = 400


def finding(work: Path) -> Iterator[Row]:
    """Both, in a folder for the probes' archives."""
    yield from asyncio.run(_probing(work))
    yield from _folding()


async def _probing(work: Path) -> list[Row]:
    from tests.contract.desks import exact_desk
    from tests.probe.probes import FOLDER, documents, read, wrong

    rows = []
    for path in sorted(FOLDER.glob("*.tsv")):
        probes = read(path.name)
        async with exact_desk(work) as desk:
            await desk.write(documents(probes))
            right = len(probes) - len(await wrong(probes, desk.engine))
        rows.append((f"probes, {path.stem}", f"{right / len(probes):.1%}", f"{right} of {len(probes)} answered right"))
    return rows


def _folding() -> Iterator[Row]:
    from search.text.normalize import index_text
    from tests.probe.probes import FOLDER, read

    words: dict[str, list[str]] = {}
    for one in (probe for path in sorted(FOLDER.glob("*.tsv")) for probe in read(path.name)):
        words.setdefault(one.language, []).append(one.text)
    texts = [" ".join(some).encode()[:BYTES].decode(errors="ignore") for some in words.values()]
    rates = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(100):
            for text in texts:
                index_text(text)
        rates.append(100 * len(texts) / (time.process_time() - began))
    yield "folding", f"{max(rates):,.0f} messages/s", f"{BYTES} bytes, {len(texts)} languages, one core, best of 5"

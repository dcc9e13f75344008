"""Which file of several has a message is kept with what an import has otherwise."""

from __future__ import annotations

import pytest

from archiver.store.imports.import_parts import split_part, with_part

WHOLE = ("whole", "00")
PARTS = '[{"name":"a","sha256":"11","bytes":1},{"name":"b","sha256":"22","bytes":1}]'


@pytest.mark.parametrize("differs", [None, '{"text":true}'])
def test_the_file_is_named_and_what_differs_stays(differs: str | None) -> None:
    assert split_part(with_part(differs, 1), PARTS, WHOLE) == (("b", "22"), differs)
    assert split_part(with_part(differs, None), PARTS, WHOLE) == (WHOLE, differs)
    assert split_part(with_part(differs, 9), PARTS, WHOLE) == (WHOLE, differs)

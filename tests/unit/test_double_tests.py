"""The doubles' own tests are left out of a run only while the doubles are what passed them."""

from __future__ import annotations

import pytest

from tests.double_tests import ROOT, list_changed


def test_a_double_that_changed_passes_its_own_tests(request: pytest.FixtureRequest) -> None:
    tested = [item.path for item in request.session.items]
    changed = [one for one in list_changed() if not any(path.is_relative_to(ROOT / one) for path in tested)]
    assert changed == [], "they have changed since their tests passed: run scripts/test doubles"

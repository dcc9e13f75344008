"""Whatever is asked, the double has an answer of Meilisearch's kind, and no mistake of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles.meilisearch.fixtures import Meili
from tests.doubles.meilisearch.search_query import FEDERATION, QUERY
from tests.doubles.meilisearch.server import Server
from tests.doubles.meilisearch.settings import DEFAULTS

_WORDS = st.sampled_from(
    ["id", "n", "text", "*", "night", "n:asc", "n = 1", "n > 1 AND", '"a b', "-", "m", "deep.x", ""]
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 30), st.integers(-9, 9).map(lambda n: n / 4), _WORDS, st.text(max_size=8)
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)),
    max_leaves=6,
)
_LIKELY = st.one_of(_JSON, _LEAVES, st.lists(_WORDS, max_size=3), st.text(max_size=30))


def bodies(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), _LIKELY, max_size=4)


@pytest.fixture(scope="module")
def server() -> Iterator[Meili]:
    with Server() as server:
        meili = Meili(server.url, server.master_key, server)
        names = ["n", "text", "deep.x"]
        client = meili.client()
        client.index("m").update_settings({"filterableAttributes": names, "sortableAttributes": names})
        documents = [{"id": n, "n": n % 4, "text": f"night bridge {n}", "deep": {"x": [n, None]}} for n in range(20)]
        meili.wait(client.index("m").add_documents(documents, "id"))
        yield meili
        assert server.instance.idle()
        assert not server.crashes, server.crashes[0]


def assert_answered(meili: Meili, method: str, path: str, body: Any) -> None:
    answer = meili.call(method, path, body)
    assert not meili.double.crashes, meili.double.crashes[0]
    if answer.status_code >= 400:
        assert set(answer.json()) == {"message", "code", "type", "link"}


@settings(max_examples=150, deadline=None)
@given(bodies(list(QUERY)))
def test_questions(server: Meili, body: dict[str, Any]) -> None:
    assert_answered(server, "POST", "/indexes/m/search", body)


@settings(max_examples=100, deadline=None)
@given(st.lists(bodies([*QUERY, "federationOptions"]), max_size=3), st.one_of(_JSON, bodies(list(FEDERATION))))
def test_several_questions(server: Meili, queries: list[dict[str, Any]], federation: Any) -> None:
    queries = [{**query, "indexUid": "m"} for query in queries]
    assert_answered(server, "POST", "/multi-search", {"queries": queries, "federation": federation})


@settings(max_examples=100, deadline=None)
@given(bodies(list(DEFAULTS)))
def test_settings(server: Meili, body: dict[str, Any]) -> None:
    assert_answered(server, "PATCH", "/indexes/other/settings", body)


@settings(max_examples=100, deadline=None)
@given(st.one_of(_JSON, st.lists(st.dictionaries(_WORDS, _JSON, max_size=4), max_size=3)))
def test_documents(server: Meili, body: Any) -> None:
    assert_answered(server, "POST", "/indexes/other/documents?primaryKey=id", body)
    assert server.double.instance.idle()
    assert_answered(
        server, "POST", "/indexes/other/search", {"q": "night", "attributesToHighlight": ["*"], "facets": ["*"]}
    )


@settings(max_examples=100, deadline=None)
@given(bodies(["filter", "fields", "limit", "offset", "sort", "ids", "retrieveVectors"]))
def test_documents_by_filter(server: Meili, body: dict[str, Any]) -> None:
    assert_answered(server, "POST", "/indexes/m/documents/fetch", body)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["/keys", "/indexes", "/swap-indexes", "/tasks/cancel", "/indexes/x/documents/delete"]), _JSON)
def test_everything_else(server: Meili, path: str, body: Any) -> None:
    assert_answered(server, "POST", path, body)
    assert_answered(server, "PATCH", "/network", body)
    assert_answered(server, "PATCH", "/experimental-features", body)

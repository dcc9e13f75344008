"""Filters: what they select, how they are read, and what the server says of those it cannot read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meilisearch.index import Index

from tests.doubles.meilisearch.filter_errors import Span
from tests.doubles.meilisearch.filter_parser import parse
from tests.doubles.meilisearch.filter_tree import And, Condition, Filter, In, Not, Or, Value, written
from tests.doubles.meilisearch.fixtures import Meili

DOCUMENTS: list[dict[str, Any]] = [
    {"id": 1, "n": 1, "word": "Night", "tags": ["a", "b"], "deep": {"x": 1}},
    {"id": 2, "n": 2, "word": "night bridge", "tags": [], "deep": {"x": 2}},
    {"id": 3, "n": 2.5, "word": "", "tags": None, "deep": {}},
    {"id": 4, "n": "2", "word": "Ночь", "flag": True},
    {"id": 5, "n": [1, 7], "word": 'it\'s "so"', "flag": False, "tags": ["b", ["c"]]},
    {"id": 6},
]


def filled(meili: Meili) -> Index:
    return meili.filled(DOCUMENTS, filterableAttributes=["id", "n", "word", "tags", "flag", "deep"])


def found(index: Index, wanted: Any) -> set[int]:
    return {hit["id"] for hit in index.search("", {"filter": wanted, "limit": 100})["hits"]}


SELECTED = [
    ("n = 2", {2, 4}),
    ("n = '2'", {2, 4}),
    ("n = 2.0", {2}),
    ("n != 2", {1, 3, 5, 6}),
    ("n > 2", {3, 5}),
    ("n >= 2", {2, 3, 4, 5}),
    ("n < 2", {1, 5}),
    ("n <= 2", {1, 2, 4, 5}),
    ("n 2 TO 3", {2, 3, 4}),
    ("NOT n 2 TO 3", {1, 5, 6}),
    ("n IN [1, 2.5]", {1, 3, 5}),
    ("n NOT IN [1, 2.5]", {2, 4, 6}),
    ("NOT n IN[]", {1, 2, 3, 4, 5, 6}),
    ("word = night", {1}),
    ("word = NIGHT", {1}),
    ("word = 'night bridge'", {2}),
    ("word = ночь", {4}),
    ("word = ''", set()),
    ("word = 'it\\'s \"so\"'", {5}),
    ('word = "it\'s \\"so\\""', {5}),
    ("word STARTS WITH ni", {1, 2}),
    ("word NOT STARTS WITH ni", {3, 4, 5, 6}),
    ("word > a", {1, 2, 4, 5}),  # texts are compared too
    ("tags = b", {1, 5}),
    ("tags = c", {5}),
    ("tags IS EMPTY", {2}),
    ("word IS EMPTY", {3}),
    ("deep IS EMPTY", {3}),
    ("tags IS NULL", {3}),
    ("tags IS NOT NULL", {1, 2, 4, 5, 6}),
    ("tags EXISTS", {1, 2, 3, 5}),
    ("tags NOT EXISTS", {4, 6}),
    ("flag = true", {4}),
    ("flag != true", {1, 2, 3, 5, 6}),
    ("deep.x = 1", {1}),
    ("deep EXISTS", {1, 2, 3}),
    ("n = 1 AND word = night OR id = 6", {1, 6}),
    ("id = 6 OR n = 1 AND word = night", {1, 6}),
    ("n = 1 AND (word = night OR id = 6)", {1}),
    ("NOT (n = 1 OR id = 6)", {2, 3, 4}),
    ("NOT NOT n = 1", {1, 5}),
    (["n = 1", "flag EXISTS"], {5}),
    (["n = 1", ["id = 1", "id = 2"]], {1}),
    ([["id = 1", "id = 2"], ["id = 2", "id = 3"]], {2}),
    ([], {1, 2, 3, 4, 5, 6}),
    ("", {1, 2, 3, 4, 5, 6}),
    (None, {1, 2, 3, 4, 5, 6}),
]


def test_what_filters_select(meili: Meili) -> None:
    index = filled(meili)
    wrong = {str(wanted): (found(index, wanted), ids) for wanted, ids in SELECTED if found(index, wanted) != ids}
    assert not wrong


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("n = ", "5:5"), ("n = 1 = 2", "7:10"), ("n 1", "1:4"), ("n = 1 OR", "9:9"), ("n = OR", "5:7"),
        ("n = 'open", "5:10"), ("(n = 1", "1:7"), ("n IN [1, 2", "11:11"), ("n IN 1", "6:7"), ("n > x AND", "10:10"),
        ("_geoPoint(1, 2)", "1:16"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(meili: Meili, wanted: str, place: str) -> None:
    index = filled(meili)
    for path, code in (("documents/fetch", "invalid_document_filter"), ("search", "invalid_search_filter")):
        answer = meili.call("POST", f"/indexes/{index.uid}/{path}", {"filter": wanted})
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert answer.json()["message"].rstrip().endswith(f"\n{place} {wanted.strip()}")


def test_only_filterable_attributes_may_be_asked_for(meili: Meili) -> None:
    index = meili.filled([{"id": 1, "n": 1}], filterableAttributes=["n"])
    answer = meili.call("POST", f"/indexes/{index.uid}/search", {"filter": "n = 1 AND secret = 2"}).json()
    assert answer["code"] == "invalid_search_filter"
    assert answer["message"].startswith(
        f"Index `{index.uid}`: Attribute `secret` is not filterable. Available filterable attribute patterns are: `n`."
    )
    nothing = meili.filled([{"id": 1}])
    answer = meili.call("POST", f"/indexes/{nothing.uid}/documents/fetch", {"filter": "id = 1"}).json()
    assert "This index does not have configured filterable attributes." in answer["message"]
    assert answer["message"].endswith("\n1:3 id = 1")


def test_a_filter_is_text_or_lists_of_text(meili: Meili) -> None:
    index = filled(meili)
    answer = meili.call("POST", f"/indexes/{index.uid}/search", {"filter": {"n": 1}}).json()
    assert answer["message"].startswith("Invalid syntax for the filter parameter: `expected String, Array, found:")
    answer = meili.call("POST", f"/indexes/{index.uid}/search", {"filter": [["n = 1", ["n = 2"]]]}).json()
    assert answer["message"].startswith("Invalid syntax for the filter parameter: `expected String, found: [")


def test_contains_is_an_experimental_feature(meili: Meili) -> None:
    index = filled(meili)
    before = meili.call("GET", "/experimental-features").json()["containsFilter"]
    try:
        meili.call("PATCH", "/experimental-features", {"containsFilter": False})
        refused = meili.call("POST", f"/indexes/{index.uid}/search", {"filter": "word CONTAINS igh"})
        assert (refused.status_code, refused.json()["code"]) == (400, "feature_not_enabled")
        assert meili.call("PATCH", "/experimental-features", {"containsFilter": True}).json()["containsFilter"] is True
        assert found(index, "word CONTAINS igh") == {1, 2}
        assert found(index, "word NOT CONTAINS igh") == {3, 4, 5, 6}
    finally:
        meili.call("PATCH", "/experimental-features", {"containsFilter": before})


# --- reading, as the tests of Meilisearch's own parser have it


def shown(tree: Filter) -> str:
    match tree:
        case Not(inner):
            return f"NOT ({shown(inner)})"
        case And(parts):
            return f"AND[{''.join(shown(part) + ', ' for part in parts)}]"
        case Or(parts):
            return f"OR[{''.join(shown(part) + ', ' for part in parts)}]"
        case In(field, values):
            return f"{{{field.text}}} IN[{''.join(f'{{{one.text}}}, ' for one in values)}]"
        case Condition(field, operator, value, upper):
            if upper is not None and value is not None:
                return f"{{{field.text}}} {{{value.text}}} TO {{{upper.text}}}"
            return f"{{{field.text}}} {operator}" + (f" {{{value.text}}}" if value else "")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("title = 'foo\\\\\\\\'", "{title} = {foo\\\\}"),
        ("'dog race' = \"Bernese Mountain\"", "{dog race} = {Bernese Mountain}"),
        ("colour IN[]", "{colour} IN[]"),
        (" colour IN [  green , blue , ]", "{colour} IN[{green}, {blue}, ]"),
        ("colour NOT IN[green,blue]", "NOT ({colour} IN[{green}, {blue}, ])"),
        ("x = 1 OR NOT (colour IN [green, blue]  OR color = green) ",
         "OR[{x} = {1}, NOT (OR[{colour} IN[{green}, {blue}, ], {color} = {green}, ]), ]"),
        ("subscribers 100 TO 1000", "{subscribers} {100} TO {1000}"),
        ("NOT subscribers IS NOT NULL", "{subscribers} IS NULL"),
        ("subscribers  IS   NOT   EMPTY", "NOT ({subscribers} IS EMPTY)"),
        ("NOT subscribers NOT STARTS WITH 'hel'", "{subscribers} STARTS WITH {hel}"),
        ("NOT NOT (NOT NOT x = 5)", "{x} = {5}"),
        (("channel = ponce AND 'dog race' != 'bernese mountain' OR subscribers > 1000 OR colour = red OR colour = blue "
         "AND size = 7"),
         ("OR[AND[{channel} = {ponce}, {dog race} != {bernese mountain}, ], {subscribers} > {1000}, {colour} = {red}, "
         "AND[{colour} = {blue}, {size} = {7}, ], ]")),
        ('NOT "OR" EXISTS AND "EXISTS" NOT EXISTS', "AND[NOT ({OR} EXISTS), NOT ({EXISTS} EXISTS), ]"),
        (f"{'(' * 36}x = 1{')' * 36}", "{x} = {1}"),
    ],
)  # fmt: skip
def test_filters_are_read_as_meilisearch_reads_them(text: str, tree: str) -> None:
    read = parse(text)
    assert read is not None
    assert shown(read) == tree


def value(text: str) -> Value:
    return Value(Span("", 0, 0), text)


_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
_FIELDS = _TEXTS.filter(lambda text: not text.startswith("_")).map(value)
_LEAVES = st.one_of(
    st.builds(Condition, _FIELDS, st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "STARTS WITH"]), _TEXTS.map(value)),
    st.builds(Condition, _FIELDS, st.sampled_from(["IS NULL", "IS EMPTY", "EXISTS"])),
    st.builds(In, _FIELDS, st.lists(_TEXTS.map(value), max_size=3).map(tuple)),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.filter(lambda tree: not isinstance(tree, Not)).map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(_TREES)
def test_a_filter_written_and_read_again_is_the_same(tree: Filter) -> None:
    read = parse(written(tree))
    assert read is not None
    assert shown(read) == shown(tree)

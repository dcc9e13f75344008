"""`--edges`: networks that networkx and CSV readers read back, edge for edge, whatever is in the names."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import networkx as nx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.compose.read_archive import choose_channels
from archiver.errors import UsageError
from archiver.export.edges.edge import EdgeKind, EdgeNode
from archiver.export.edges.find import EdgeFinder
from archiver.export.edges.formats import edge_format
from archiver.export.edges.rows import EdgeRows, PreparedEdges
from archiver.export.edges.writers import EDGE_KEYS, GraphEdges, TableEdges
from archiver.export.estimate import ExportEstimate, estimate
from archiver.export.request import Request
from archiver.export.verify import check
from archiver.formatting.visible import possible
from archiver.ids import ChannelId
from archiver.model.row import ChannelName
from archiver.store.database import Database
from search.query.dates import Bounds
from tests.exporting import export_form
from tests.hostile import TEXTS
from tests.remarks import Heard
from tests.sample import OTHER, build, entities, make_message

CHANNELS = {
    1001: ChannelName(ChannelId(1001), "NightBridge", None, "Night Bridge"),
    1002: ChannelName(ChannelId(1002), "jisr_news", None, "جسر الليل"),
}
USERNAMES = {"nightbridge": 1001, "jisr_news": 1002, "old_name": 1002}
TEXT = "😀 @jisr_news @Old_Name @stranger Jane"


def text(value: object) -> str:
    return orjson.dumps(value).decode()


def mark(kind: str, words: str, **more: Any) -> dict[str, Any]:
    at = len(TEXT[: TEXT.index(words)].encode("utf-16-le")) // 2
    return {"type": kind, "offset": at, "length": len(words), **more}


MARKS = [mark("mention", name) for name in ("@jisr_news", "@Old_Name", "@stranger")]
LINKED = "t.me/jisr_news/12 https://www.Example.org:443/a https://t.me/c/1002/7 tg://resolve?domain=nightbridge&post=3"
FORWARDS = [
    {"from_id": {"type": "channel", "id": 1002}, "channel_post": 77, "name": "Bridge"},
    {"from_id": {"type": "channel", "id": 5005}, "channel_post": 8, "name": "Not archived", "username": "elsewhere"},
    {"from_id": {"type": "user", "id": 42}, "name": "Jane"},
    {"from_name": 'Hidden, "Person" <x>'},
]


def links_in(words: str) -> str:
    found, at = [], 0
    for word in words.split(" "):
        found.append(("url", at, len(word)))
        at += len(word) + 1
    return entities(*found)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    messages = [make_message(number, f"n{number}", fwd_from=text(one)) for number, one in enumerate(FORWARDS, 1)]
    messages += [make_message(5, "again", fwd_from=text(FORWARDS[0]))]
    messages += [make_message(6, TEXT, entities=text([*MARKS, mark("mention_name", "Jane", user_id=42)]))]
    messages += [make_message(7, LINKED, entities=links_in(LINKED)), make_message(8, "nothing")]
    for number, hostile in enumerate(TEXTS, 10):
        messages.append(make_message(number, "x", fwd_from=text({"from_name": possible(hostile)[:200]})))
    build(tmp_path / "archive", messages, covered=[(1, 40)])
    return build(tmp_path / "archive", [make_message(9, "of the other", channel_id=1002)], channel=OTHER)


def export_edges(archive: Path, out: Path, kind: EdgeKind, *, weights: bool = False, **context: Any) -> list[str]:
    form = edge_format(kind, out.suffix[1:], weights=weights)
    prepare = PreparedEdges(EdgeFinder(kind, CHANNELS, USERNAMES)).prepare
    export_form(form, archive, out, job={"prepare": prepare}, context=context)
    return [one.fault for one in check(out.with_name("manifest.json")) if one.fault]


def read_table(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig"), newline="")))


def test_forwards_go_from_their_origin_to_the_channel(archive: Path, tmp_path: Path) -> None:
    assert export_edges(archive, tmp_path / "f.csv", "forwards") == []
    found = read_table(tmp_path / "f.csv")
    first, elsewhere, person, hidden, *_ = found
    assert {key: first[key] for key in ("source", "source_id", "source_name", "target", "post_id", "permalink")} == {
        "source": "channel:1002",
        "source_id": "1002",
        "source_name": "jisr_news",
        "target": "channel:1001",
        "post_id": "77",
        "permalink": "https://t.me/NightBridge/1",
    }
    assert (elsewhere["source"], elsewhere["source_name"]) == ("channel:5005", "Not archived")
    assert (person["source"], person["source_type"]) == ("user:42", "user")
    assert (hidden["source"], hidden["source_id"]) == ('name:Hidden, "Person" <x>', "")
    assert len(found) == 5 + len(TEXTS)
    manifest = orjson.loads((tmp_path / "manifest.json").read_bytes())
    assert (manifest["rows"], manifest["options"]["count"]) == (len(found), len(found))


def test_a_channel_without_username_is_called_by_its_title() -> None:
    untitled = {one: ChannelName(ChannelId(one), None, None, "Bridge" if one == 1001 else "") for one in (1001, 1002)}
    finder = EdgeFinder("forwards", untitled, {})
    row = {"channel_id": 1001, "channel": "1001", "fwd_from": text({"from_id": {"type": "channel", "id": 1002}})}
    [edge] = finder.list_edges(row)
    assert (edge.target.key, edge.target.name, edge.source.name) == ("channel:1001", "Bridge", "channel 1002")


def test_mentions_and_links_are_resolved_to_channels_where_they_are_known(archive: Path, tmp_path: Path) -> None:
    assert export_edges(archive, tmp_path / "m/m.csv", "mentions") == []
    targets = [(row["target"], row["target_name"]) for row in read_table(tmp_path / "m/m.csv")]
    assert targets == [("channel:1002", "jisr_news"), ("@stranger", "stranger"), ("user:42", "Jane")]
    assert export_edges(archive, tmp_path / "l/l.csv", "links") == []
    rows = read_table(tmp_path / "l/l.csv")
    assert [(row["target"], row["post_id"], row["url"].split("/")[0]) for row in rows] == [
        ("channel:1002", "12", "t.me"),
        ("host:example.org", "", "https:"),
        ("channel:1002", "7", "https:"),
        ("channel:1001", "3", "tg:"),
    ]
    assert {row["message_id"] for row in rows} == {"7"}
    manifest = orjson.loads((tmp_path / "l/manifest.json").read_bytes())
    assert (manifest["rows"], manifest["options"]["count"]) == (1, 4)


@pytest.mark.parametrize("kind", ["forwards", "mentions", "links"])
def test_networkx_reads_the_same_edges_as_csv(archive: Path, tmp_path: Path, kind: EdgeKind) -> None:
    export_edges(archive, tmp_path / "c/e.csv", kind)
    assert export_edges(archive, tmp_path / "g/e.graphml", kind) == []
    graph = nx.read_graphml(tmp_path / "g/e.graphml", force_multigraph=True)
    table = read_table(tmp_path / "c/e.csv")
    assert sorted(
        (a, b, data["message_id"], data.get("post_id"), data["date"]) for a, b, data in graph.edges(data=True)
    ) == sorted(
        (possible(row["source"]), row["target"], int(row["message_id"]), int(row["post_id"] or 0) or None, row["date"])
        for row in table
    )
    for row in table:
        for end in ("source", "target"):
            node = graph.nodes[possible(row[end])]
            assert (node["label"], node["type"]) == (possible(row[f"{end}_name"]), row[f"{end}_type"])
            assert node.get("peer_id") == (int(row[f"{end}_id"]) if row[f"{end}_id"] else None)


def test_weights_count_all_edges_between_two_nodes(archive: Path, tmp_path: Path) -> None:
    assert export_edges(archive, tmp_path / "w/e.graphml", "forwards", weights=True) == []
    graph = nx.read_graphml(tmp_path / "w/e.graphml")
    assert graph.edges["channel:1002", "channel:1001"]["weight"] == 2
    export_edges(archive, tmp_path / "v/e.csv", "forwards", weights=True)
    rows = {row["source"]: row for row in read_table(tmp_path / "v/e.csv")}
    both = rows["channel:1002"]
    assert (both["weight"], both["first_date"], both["last_date"]) == (
        "2",
        "2021-12-16T00:01:00Z",
        "2021-12-16T00:05:00Z",
    )
    assert sum(int(row["weight"]) for row in rows.values()) == 5 + len(TEXTS)


def test_a_spreadsheet_gets_no_formulas(archive: Path, tmp_path: Path) -> None:
    assert export_edges(archive, tmp_path / "e.csv", "mentions", excel=True) == []
    raw = (tmp_path / "e.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    cells = [cell for row in read_table(tmp_path / "e.csv") for cell in row.values()]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r\n") - {""}]
    assert "'@stranger" in cells


def test_two_exports_are_the_same_to_the_byte(archive: Path, tmp_path: Path) -> None:
    for name in ("e.csv", "e.graphml"):
        for place in ("one", "two"):
            export_edges(archive, tmp_path / place / name, "forwards")
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_verify_reads_the_messages_of_edges(archive: Path, tmp_path: Path) -> None:
    for name in ("e.csv", "e.graphml"):
        out = tmp_path / name[2:] / name
        export_edges(archive, out, "forwards")
        assert not [one.fault for one in check(out.with_name("manifest.json")) if one.fault]
        said = orjson.loads(out.with_name("manifest.json").read_bytes())
        said["rows"] = said["files"][0]["rows"] = 1
        next(one for one in said["channels"] if one["rows"])["rows"] = 1
        out.with_name("manifest.json").write_bytes(orjson.dumps(said))
        assert [one.fault for one in check(out.with_name("manifest.json")) if one.fault]


NAMES = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_any_name_survives_both_formats(names: list[tuple[str, str]]) -> None:
    values = dict.fromkeys(EDGE_KEYS)
    made: dict[str, bytes] = {}
    writers: dict[str, Callable[[Any], Any]] = {
        "csv": partial(TableEdges, keys=EDGE_KEYS),
        "graphml": partial(GraphEdges, keys=EDGE_KEYS),
    }
    for kind, make in writers.items():
        sink = io.BytesIO()
        writer = make(sink)
        writer.begin()
        seen = set()
        for pair in names:
            ends = [EdgeNode(f"name:{name}", "name", None, name) for name in pair]
            for node in ends:
                if node.key not in seen:
                    writer.node(node)
                seen.add(node.key)
            writer.edge(*ends, values)
        writer.end()
        made[kind] = sink.getvalue()
    table = list(csv.DictReader(io.StringIO(made["csv"].decode(), newline="")))
    assert [(row["source_name"], row["target_name"]) for row in table] == names
    graph = nx.parse_graphml(made["graphml"].decode(), force_multigraph=True)
    shown = [(possible(a), possible(b)) for a, b in names]
    label = nx.get_node_attributes(graph, "label")
    assert sorted((label.get(a, ""), label.get(b, "")) for a, b in graph.edges()) == sorted((a, b) for a, b in shown)
    assert len(re.findall(rb"\n<edge ", made["graphml"])) == len(names)


def test_what_is_no_network_is_refused() -> None:
    from archiver.cli.export_plan import plan_export

    plain = {
        "fields": None, "ids_only": False, "partition": None, "revisions": False, "excel": False, "force": False,
        "dry_run": False, "shape": "people",
    }  # fmt: skip
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"out": "x.graphml", "format_name": None}, "is a format of networks"),
        ({"out": "x.jsonl", "format_name": None, "edges": "links"}, "cannot be written as jsonl"),
        ({"out": "x.json", "format_name": None, "edges": "links"}, r"unknown .* Use --format: csv, graphml\.$"),
        ({"out": "x.csv", "format_name": None, "weights": True}, "no effect without --edges"),
        ({"out": "x.csv", "format_name": None, "edges": "links", "fields": "date"}, "cannot be combined with --fields"),
        ({"out": "x.csv", "format_name": None, "edges": "links", "append": True}, "leave out --edges"),
    ]
    for asked, said in wrong:
        with pytest.raises(UsageError, match=said):
            plan_export(**(plain | asked))
    assert plan_export(**(plain | {"out": "x/", "format_name": None, "edges": "links"})).form.file_name == "links.csv"


def test_an_estimate_counts_only_messages_with_edges(archive: Path) -> None:
    async def run() -> ExportEstimate:
        async with await Database.open_readonly(archive) as database:
            conn = database.connection
            channels = await choose_channels(conn, [], remarks=Heard())
            request = Request(channels=channels, bounds=Bounds())
            prepare = PreparedEdges(EdgeFinder("mentions", CHANNELS, USERNAMES)).prepare
            return await estimate(
                conn,
                request,
                lambda sink: EdgeRows("mentions", TableEdges(sink, EDGE_KEYS), weights=False),
                prepare,
            )

    found = asyncio.run(run())
    assert (found.rows, found.is_exact) == (1, True)
    assert found.bytes > 0

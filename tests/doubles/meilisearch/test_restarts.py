"""What outlives a killed server, with its data or without. The double only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doubles.meilisearch.fixtures import Meili
from tests.doubles.meilisearch.instance import Instance
from tests.doubles.meilisearch.server import Server

SETTINGS = {"filterableAttributes": ["n"], "sortableAttributes": ["n"]}


def add(meili: Meili, uid: str, *ids: str) -> int:
    body = "\n".join(json.dumps({"id": one, "n": len(one)}) for one in ids).encode()
    answer = meili.call("POST", f"/indexes/{uid}/documents?primaryKey=id", body)
    return int(answer.json()["taskUid"])


def ids(meili: Meili, uid: str) -> set[str]:
    found = meili.call("POST", f"/indexes/{uid}/documents/fetch", {"limit": 1000}).json()
    return {one["id"] for one in found["results"]}


def test_all_that_was_done_is_there_again(meili: Meili) -> None:
    index = meili.filled([{"id": "a", "n": 1}, {"id": "b", "n": 2}], **SETTINGS)
    key = meili.key(["search"], ["*"])
    meili.call("PATCH", "/experimental-features", {"containsFilter": True})
    before = [meili.call("GET", path).json() for path in ("/tasks", "/keys", "/experimental-features", "/indexes")]
    meili.double.restart()
    after = [meili.call("GET", path).json() for path in ("/tasks", "/keys", "/experimental-features", "/indexes")]
    assert after == before
    assert [hit["id"] for hit in index.search("", {"sort": ["n:desc"], "filter": "n > 0"})["hits"]] == ["b", "a"]
    assert meili.call("POST", f"/indexes/{index.uid}/search", {}, key=key).status_code == 200


def test_tasks_that_were_enqueued_are_done_by_the_next_process(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.instance.scheduler.hold("processing")
    first, second = add(meili, uid, "a"), add(meili, uid, "b", "c")
    meili.double.restart()
    assert [meili.wait(task).status for task in (first, second)] == ["succeeded", "succeeded"]
    assert ids(meili, uid) == {"a", "b", "c"}
    assert add(meili, uid, "d") == second + 1


def test_a_server_that_lost_its_data_knows_nothing(meili: Meili) -> None:
    index = meili.filled([{"id": "a"}])
    key = meili.key(["search"], ["*"])
    meili.double.restart(keep=False)
    assert meili.call("GET", "/indexes").json()["results"] == []
    assert meili.call("GET", "/tasks").json()["total"] == 0
    assert meili.call("POST", f"/indexes/{index.uid}/search", {}, key=key).status_code == 403
    assert add(meili, index.uid, "a") == 0


@pytest.mark.parametrize("keep", [True, False])
def test_a_server_that_is_all_in_memory_restarts_too(keep: bool) -> None:
    with Server() as server:
        meili = Meili(server.url, server.master_key, server)
        uid = meili.fresh()
        meili.wait(add(meili, uid, "a"))
        server.restart(keep=keep)
        assert meili.call("GET", f"/indexes/{uid}").status_code == (200 if keep else 404)
        assert meili.wait(add(meili, uid, "b")).status == "succeeded"
        assert ids(meili, uid) == ({"a", "b"} if keep else {"b"})


def test_what_is_forgotten_stays_forgotten(meili: Meili) -> None:
    uid = meili.fresh()
    first = add(meili, uid, "a")
    meili.wait(first)
    meili.wait(meili.call("DELETE", f"/tasks?uids={first}").json()["taskUid"])
    meili.double.restart()
    assert meili.call("GET", f"/tasks/{first}").status_code == 404
    assert ids(meili, uid) == {"a"}


# --- any sequence of tasks leaves in the store what is in memory

_NAMES = st.sampled_from(["x", "y", "z"])
_IDS = st.lists(st.sampled_from("abcde"), min_size=1, max_size=4)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _NAMES, _IDS),
        st.tuples(st.just("delete"), _NAMES, _IDS),
        st.tuples(st.just("clear"), _NAMES, st.none()),
        st.tuples(st.just("drop"), _NAMES, st.none()),
        st.tuples(st.just("settings"), _NAMES, st.none()),
        st.tuples(st.just("swap"), _NAMES, _NAMES),
        st.tuples(st.just("rename"), _NAMES, _NAMES),
    ),
    max_size=12,
)


def enqueue(instance: Instance, step: tuple[str, str, Any], number: int) -> None:
    what, uid, more = step
    creates = {"allow_creation": True, "primary_key": "id", "skip_creation": False}
    if what == "add":
        documents = [json.dumps({"id": one, "n": number}).encode() for one in more]
        details = {"receivedDocuments": len(documents), "indexedDocuments": None}
        instance.register(
            "documentAdditionOrUpdate", uid, {"documents": documents, "method": "replace", **creates}, details=details
        )
    elif what == "delete":
        instance.register("documentDeletion", uid, {"ids": more}, details={"providedIds": len(more)})
    elif what == "clear":
        instance.register("documentDeletion", uid, {"clear": True}, details={"deletedDocuments": None})
    elif what == "drop":
        instance.register("indexDeletion", uid, {}, details={"deletedDocuments": None})
    elif what == "settings":
        change = {"stopWords": [str(number)]}
        instance.register("settingsUpdate", uid, {"change": change, "allow_creation": True}, details=change)
    elif uid != more:
        swap = {"indexes": [uid, more], "rename": what == "rename"}
        instance.register("indexSwap", None, {"swaps": [swap]}, details={"swaps": [swap]})


def contents(instance: Instance) -> Any:
    return {
        uid: ({index.id_of[row]: index.raw[row] for row in index.raw}, index.settings, index.primary_key)
        for uid, index in instance.indexes.items()
    }


@settings(max_examples=40, deadline=None)
@given(_STEPS, st.booleans())
def test_the_store_has_what_the_memory_has(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, Any]], at_once: bool
) -> None:
    folder: Path = tmp_path_factory.mktemp("store")
    instance = Instance("k", folder)
    instance.scheduler.hold("enqueued" if at_once else None)
    instance.start()
    for number, step in enumerate(steps):
        enqueue(instance, step, number)
        assert at_once or instance.idle()
    instance.scheduler.hold(None)
    assert instance.idle()
    instance.stop()
    assert not instance.scheduler.crashes
    again = Instance("k", folder)
    assert contents(again) == contents(instance)
    assert [task.view() for task in again.tasks] == [task.view() for task in instance.tasks]
    again.stop()

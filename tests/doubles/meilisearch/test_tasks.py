"""The queue of tasks: first come, first done, batches, filters and pages, canceling and deleting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.meilisearch.fixtures import Meili
from tests.doubles.meilisearch.parameters import read
from tests.doubles.meilisearch.server import wait_for
from tests.doubles.meilisearch.tasks import KINDS, LIST_PARAMETERS, STATUSES, UNFINISHED, Tasks


def enqueue(meili: Meili, uid: str, *ids: str) -> int:
    body = "\n".join(f'{{"id": "{one}"}}' for one in ids).encode()
    answer = meili.call("POST", f"/indexes/{uid}/documents?primaryKey=id", body)
    assert answer.status_code == 202
    assert answer.json()["status"] == "enqueued"
    return int(answer.json()["taskUid"])


def listed(meili: Meili, query: str) -> dict[str, Any]:
    answer = meili.call("GET", f"/tasks?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_tasks_end_in_the_order_in_which_they_came(meili: Meili) -> None:
    uid, other = meili.fresh(), meili.fresh()
    uids = [enqueue(meili, uid if n % 3 else other, f"d{n}") for n in range(12)]
    done = [meili.wait(one) for one in uids]
    assert {one.status for one in done} == {"succeeded"}
    assert uids == sorted(uids)
    starts = [one.started_at for one in done if one.index_uid == uid]
    assert starts == sorted(starts)


def test_a_list_is_filtered_and_comes_in_pages_newest_first(meili: Meili) -> None:
    uid = meili.fresh()
    uids = [enqueue(meili, uid, f"d{n}") for n in range(5)]
    bad = enqueue(meili, uid, "not good")
    meili.wait(bad)
    everything = listed(meili, f"indexUids={uid}")
    assert [one["uid"] for one in everything["results"]] == [bad, *reversed(uids)]
    assert (everything["total"], everything["limit"], everything["from"], everything["next"]) == (6, 20, bad, None)
    first = listed(meili, f"indexUids={uid}&limit=4")
    assert [one["uid"] for one in first["results"]] == [bad, *uids[:1:-1]]
    assert first["next"] == uids[1]
    rest = listed(meili, f"indexUids={uid}&limit=4&from={first['next']}")
    assert [one["uid"] for one in rest["results"]] == [uids[1], uids[0]]
    assert rest["next"] is None
    failed = listed(meili, f"indexUids={uid}&statuses=failed,canceled")
    assert [one["error"]["code"] for one in failed["results"]] == ["invalid_document_id"]
    assert listed(meili, f"uids={uids[0]},{uids[3]}")["total"] == 2
    assert listed(meili, f"indexUids={uid}&types=settingsUpdate")["total"] == 0
    assert [one["uid"] for one in listed(meili, f"indexUids={uid}&reverse=true&limit=2")["results"]] == uids[:2]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("statuses=done", "invalid_task_statuses"),
        ("types=nothing", "invalid_task_types"),
        ("uids=x", "invalid_task_uids"),
        ("limit=many", "invalid_task_limit"),
        ("from=-1", "invalid_task_from"),
        ("indexUids=no good", "invalid_index_uid"),
        ("afterEnqueuedAt=yesterday", "invalid_task_after_enqueued_at"),
        ("nope=1", "bad_request"),
    ],
)
def test_a_wrong_filter_is_refused(meili: Meili, query: str, code: str) -> None:
    answer = meili.call("GET", f"/tasks?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_task_that_is_not_there(meili: Meili) -> None:
    answer = meili.call("GET", "/tasks/4000000000")
    assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")
    assert meili.call("GET", "/tasks/x").json()["code"] == "invalid_task_uids"


def test_finished_tasks_can_be_deleted_but_not_without_a_filter(meili: Meili) -> None:
    uid = meili.fresh()
    uids = [enqueue(meili, uid, f"d{n}") for n in range(3)]
    meili.wait(uids[-1])
    refused = meili.call("DELETE", "/tasks")
    assert (refused.status_code, refused.json()["code"]) == (400, "missing_task_filters")
    told = meili.call("DELETE", f"/tasks?uids={uids[0]},{uids[1]}").json()
    assert told["type"] == "taskDeletion"
    done = meili.wait(told["taskUid"])
    assert done.details["matchedTasks"] == done.details["deletedTasks"] == 2
    assert [one["uid"] for one in listed(meili, f"indexUids={uid}")["results"]] == [uids[2]]
    assert meili.call("GET", f"/tasks/{uids[0]}").status_code == 404


def test_canceling_what_is_done_cancels_nothing(meili: Meili) -> None:
    uid = meili.fresh()
    task = enqueue(meili, uid, "a")
    meili.wait(task)
    done = meili.wait(meili.call("POST", f"/tasks/cancel?uids={task}").json()["taskUid"])
    assert (done.type, done.status) == ("taskCancelation", "succeeded")
    assert (done.details["matchedTasks"], done.details["canceledTasks"]) == (1, 0)
    assert meili.call("POST", "/tasks/cancel").json()["code"] == "missing_task_filters"


def test_tasks_that_wait_are_canceled_and_those_being_done_too(meili: Meili) -> None:
    scheduler = meili.double.instance.scheduler
    uid, other = meili.fresh(), meili.fresh()
    scheduler.hold("processing")
    first = enqueue(meili, uid, "a")
    wait_for(lambda: listed(meili, f"uids={first}")["results"][0]["status"] == "processing")
    second, third = enqueue(meili, uid, "b"), enqueue(meili, other, "c")
    told = meili.call("POST", f"/tasks/cancel?uids={first},{third}").json()["taskUid"]
    scheduler.hold(None)
    canceled = meili.wait(told)
    assert canceled.details["canceledTasks"] == 2
    assert [meili.wait(one).status for one in (first, second, third)] == ["canceled", "succeeded", "canceled"]
    assert meili.wait(first).canceled_by == told
    assert meili.wait(first).details == {"receivedDocuments": 1, "indexedDocuments": 0}
    assert [one.id for one in meili.client().index(uid).get_documents().results] == ["b"]


def test_nothing_is_to_be_seen_before_the_task_has_succeeded(meili: Meili) -> None:
    index = meili.filled([{"id": "a"}])
    scheduler = meili.double.instance.scheduler
    scheduler.hold("processing")
    task = enqueue(meili, index.uid, "b")
    wait_for(lambda: meili.client().get_task(task).status == "processing")
    assert index.get_stats().is_indexing
    assert index.search("")["estimatedTotalHits"] == 1
    assert index.get_stats().number_of_documents == 1
    scheduler.hold(None)
    assert meili.wait(task).status == "succeeded"
    assert index.search("")["estimatedTotalHits"] == 2
    assert not index.get_stats().is_indexing


def batches(meili: Meili, tasks: list[int]) -> list[int]:
    """Which batch each task was in, counted from the first one."""
    found = [int(listed(meili, f"uids={meili.wait(task).uid}")["results"][0]["batchUid"]) for task in tasks]
    return [one - found[0] for one in found]


def test_neighbouring_document_tasks_of_one_index_are_one_batch(meili: Meili) -> None:
    scheduler = meili.double.instance.scheduler
    uid, other = meili.fresh(), meili.fresh()
    scheduler.hold("enqueued")
    tasks = [
        enqueue(meili, uid, "a"),
        enqueue(meili, uid, "bad id"),
        enqueue(meili, other, "x"),
        enqueue(meili, uid, "b"),
    ]
    tasks.append(meili.call("POST", f"/indexes/{uid}/documents/delete-batch", ["a", "zz"]).json()["taskUid"])
    tasks.append(meili.call("PATCH", f"/indexes/{uid}/settings", {"stopWords": ["x"]}).json()["taskUid"])
    tasks.append(enqueue(meili, uid, "c"))
    scheduler.hold(None)
    assert batches(meili, tasks) == [0, 0, 1, 0, 0, 2, 3]
    assert [meili.wait(task).status for task in tasks].count("failed") == 1
    assert {one.id for one in meili.client().index(uid).get_documents().results} == {"b", "c"}


def test_a_task_may_vanish(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.instance.scheduler.hold("enqueued")
    task = enqueue(meili, uid, "a")
    meili.double.instance.forget_task(task)
    meili.double.instance.scheduler.hold(None)
    assert meili.call("GET", f"/tasks/{task}").status_code == 404
    later = enqueue(meili, uid, "b")
    assert later == task + 1
    meili.wait(later)
    assert meili.client().index(uid).get_stats().number_of_documents == 1


def test_a_swap_waits_for_what_came_before_and_names_it_anew(meili: Meili) -> None:
    client = meili.client()
    live, building = meili.fresh("live"), meili.fresh("building")
    before = enqueue(meili, live, "old")
    enqueue(meili, building, "new1", "new2")
    swap = client.swap_indexes([{"indexes": [live, building]}])
    after = enqueue(meili, live, "later")
    assert meili.wait(swap).details == {"swaps": [{"indexes": [live, building], "rename": False}]}
    meili.wait(after)
    assert {one.id for one in client.index(live).get_documents().results} == {"new1", "new2", "later"}
    assert {one.id for one in client.index(building).get_documents().results} == {"old"}
    assert meili.wait(before).index_uid == building


# --- the list against what it should be

_QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "limit": st.integers(0, 12).map(str),
        "from": st.integers(0, 40).map(str),
        "statuses": st.lists(st.sampled_from(STATUSES), min_size=1, max_size=3).map(",".join),
        "types": st.lists(st.sampled_from(KINDS[:3]), min_size=1, max_size=2).map(",".join),
        "indexUids": st.lists(st.sampled_from("abc"), min_size=1, max_size=2).map(",".join),
        "reverse": st.sampled_from(["true", "false"]),
    },
)
_TASKS = st.lists(st.tuples(st.sampled_from(KINDS[:3]), st.sampled_from("abc"), st.sampled_from(STATUSES)), max_size=30)


def test_a_task_that_is_done_before_the_rest_of_its_batch_is_still_processing() -> None:
    tasks = Tasks()
    task = tasks.add("documentAdditionOrUpdate", "a", {})
    for task.status in ("succeeded", "failed"):
        assert (task.view()["status"], task.view()["error"]) == ("processing", None)
        assert tasks.page(read("statuses=processing", LIST_PARAMETERS), lambda task: True)["total"] == 1
    task.finished_at = datetime.now(UTC)
    assert task.view()["status"] == "failed"


@given(_TASKS, _QUERIES)
def test_pages_put_together_are_the_whole_list(made: list[tuple[str, str, str]], query: dict[str, str]) -> None:
    tasks = Tasks()
    for kind, uid, status in made:
        task = tasks.add(kind, uid, {})
        task.status, task.finished_at = status, None if status in UNFINISHED else datetime.now(UTC)
    wanted = [
        place
        for place, (kind, uid, status) in enumerate(made)
        if kind in query.get("types", kind).split(",")
        and uid in query.get("indexUids", uid).split(",")
        and status in query.get("statuses", status).split(",")
    ]
    reverse = query.get("reverse") == "true"
    start = int(query.get("from", 0 if reverse else len(made)))
    left = [n for n in wanted if n >= start] if reverse else [n for n in reversed(wanted) if n <= start]
    seen: list[int] = []
    while True:
        asked = read("&".join(f"{name}={value}" for name, value in query.items()), LIST_PARAMETERS)
        page = tasks.page(asked, lambda task: True)
        assert page["total"] == len(wanted)
        assert len(page["results"]) <= page["limit"]
        seen += [one["uid"] for one in page["results"]]
        if page["next"] is None or page["limit"] == 0:
            break
        query = {**query, "from": str(page["next"])}
    if page["limit"]:
        assert seen == left

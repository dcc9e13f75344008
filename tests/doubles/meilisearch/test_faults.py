"""What goes wrong on purpose, as a client sees it, and what the double remembers of its calls. The double only."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import meilisearch
import pytest
import requests

from tests.doubles.meilisearch import faults
from tests.doubles.meilisearch.fixtures import Meili
from tests.doubles.meilisearch.server import wait_for

ADD = "POST /indexes/*/documents"


def add(meili: Meili, uid: str, body: bytes = b'{"id": 1}') -> requests.Response:
    return meili.call("POST", f"/indexes/{uid}/documents?primaryKey=id", body)


def count(meili: Meili, uid: str) -> int:
    return len(meili.double.instance.index(uid).row_of)


def test_a_slow_answer_comes_after_its_time(meili: Meili) -> None:
    meili.double.faults.add("GET /health", faults.slow(0.2), times=1)
    began = time.monotonic()
    assert meili.call("GET", "/health").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_no_answer_at_all_until_the_client_gives_up(meili: Meili) -> None:
    meili.double.faults.add("GET /indexes", faults.hang())
    with pytest.raises(meilisearch.errors.MeilisearchTimeoutError):
        meilisearch.Client(meili.url, meili.master_key, timeout=1).get_indexes()


def test_a_connection_that_breaks_before_anything_is_done(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.faults.add(ADD, faults.reset_before(), times=1)
    with pytest.raises(requests.ConnectionError):
        add(meili, uid)
    assert uid not in meili.double.instance.indexes
    assert len(list(meili.double.instance.tasks)) == 0
    assert add(meili, uid).status_code == 202


def test_a_connection_that_breaks_after_all_was_done(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.faults.add(ADD, faults.reset_after(), times=1)
    with pytest.raises(requests.ConnectionError):
        add(meili, uid)
    assert meili.double.instance.idle()
    assert count(meili, uid) == 1


@pytest.mark.parametrize("fault", [faults.stall(), faults.drip(60)])
def test_an_answer_that_does_not_end_after_its_head(meili: Meili, fault: faults.Action) -> None:
    meili.double.faults.add("GET /version", fault)
    headers = {"Authorization": f"Bearer {meili.master_key}"}
    with requests.get(f"{meili.url}/version", headers=headers, stream=True, timeout=30) as answer:
        assert answer.status_code == 200
        meili.double.refuse()
        with pytest.raises(requests.RequestException):
            answer.content  # noqa: B018 - reading it is the point


def test_an_answer_byte_by_byte(meili: Meili) -> None:
    meili.double.faults.add("GET /health", faults.drip(0.001))
    assert meili.call("GET", "/health").json() == {"status": "available"}


def test_half_an_answer(meili: Meili) -> None:
    index = meili.filled([{"id": n, "text": "x" * 50} for n in range(20)])
    meili.double.faults.add("POST /indexes/*/search", faults.half(), times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        meili.call("POST", f"/indexes/{index.uid}/search", {})
    assert len(index.search("")["hits"]) == 20


@pytest.mark.parametrize(
    ("action", "status", "code", "retry_after"),
    [
        (faults.status(503, "too_many_search_requests"), 503, "too_many_search_requests", "10"),
        (faults.status(503, "too_many_search_requests", retry_after=2), 503, "too_many_search_requests", "2"),
        (faults.queue_full(), 422, "no_space_left_on_device", None),
        (faults.status(400, "malformed_payload"), 400, "malformed_payload", None),
        (faults.status(413, "payload_too_large"), 413, "payload_too_large", None),
        (faults.status(500), 500, "internal", None),
        (faults.status(429, "too_many_requests", retry_after=7), 429, "too_many_requests", "7"),
    ],
)
def test_an_answer_as_given(
    meili: Meili, action: faults.Action, status: int, code: str, retry_after: str | None
) -> None:
    uid = meili.fresh()
    meili.double.faults.add(ADD, action, skip=1, times=1)
    assert [add(meili, uid).status_code for _ in range(3)] == [202, status, 202]
    meili.double.faults.add(ADD, action)
    answer = add(meili, uid)
    assert answer.json()["code"] == code
    assert set(answer.json()) == {"message", "code", "type", "link"}
    assert answer.headers.get("Retry-After") == retry_after
    meili.double.faults.clear()
    assert add(meili, uid).status_code == 202


def test_a_task_that_fails(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.faults.fail_task("documentAdditionOrUpdate", "no_space_left_on_device", times=1)
    failed = meili.wait(add(meili, uid).json()["taskUid"])
    assert (failed.status, failed.error["code"], failed.error["type"]) == (
        "failed",
        "no_space_left_on_device",
        "system",
    )
    assert failed.details == {"receivedDocuments": 1, "indexedDocuments": 0}
    assert uid not in meili.double.instance.indexes
    assert meili.wait(add(meili, uid).json()["taskUid"]).status == "succeeded"


def test_a_failing_task_may_be_chosen(meili: Meili) -> None:
    uid, other = meili.fresh(), meili.fresh()
    meili.double.faults.fail_task("*", "internal", "Gone wrong.", predicate=lambda task: task.index_uid == other)
    assert meili.wait(add(meili, uid).json()["taskUid"]).status == "succeeded"
    assert meili.wait(add(meili, other).json()["taskUid"]).error["message"] == "Gone wrong."


def test_a_task_that_vanishes_with_its_answer(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.instance.scheduler.hold("enqueued")
    meili.double.faults.add(ADD, faults.vanish(), times=1)
    told = add(meili, uid).json()["taskUid"]
    meili.double.instance.scheduler.hold(None)
    assert meili.call("GET", f"/tasks/{told}").json()["code"] == "task_not_found"
    assert add(meili, uid).json()["taskUid"] == told + 1
    assert meili.double.instance.idle()


def test_a_queue_that_is_stuck(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.instance.scheduler.hold("enqueued")
    told = add(meili, uid).json()["taskUid"]
    with pytest.raises(meilisearch.errors.MeilisearchTimeoutError):
        meili.client().wait_for_task(told, timeout_in_ms=200)
    meili.double.instance.scheduler.hold(None)
    assert meili.wait(told).status == "succeeded"


def test_batches_take_their_time(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.instance.scheduler.delay_per_document = 0.05
    began = time.monotonic()
    meili.wait(add(meili, uid, b"\n".join(b'{"id": %d}' % n for n in range(6))).json()["taskUid"])
    assert time.monotonic() - began >= 0.3


def test_a_full_disk_refuses_what_writes_and_answers_questions(meili: Meili) -> None:
    index = meili.filled([{"id": 1}])
    meili.double.instance.disk_full = True
    refused = add(meili, index.uid)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_space_left_on_device")
    assert refused.json()["message"].startswith("There is no more space left on the device.")
    assert meili.call("PATCH", f"/indexes/{index.uid}/settings", {"stopWords": []}).status_code == 422
    assert index.search("")["estimatedTotalHits"] == 1
    meili.double.instance.disk_full = False
    assert add(meili, index.uid).status_code == 202


def test_an_index_that_is_lost_without_a_task(meili: Meili) -> None:
    index = meili.filled([{"id": 1}])
    meili.double.instance.wipe(index.uid)
    assert meili.call("POST", f"/indexes/{index.uid}/search", {}).json()["code"] == "index_not_found"


def test_a_server_that_is_not_there_and_comes_back(meili: Meili) -> None:
    index = meili.filled([{"id": 1}])
    meili.double.refuse()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{meili.url}/health", timeout=5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", meili.double.port), timeout=5)
    meili.double.listen()
    assert index.search("")["estimatedTotalHits"] == 1


def test_calls_are_remembered(meili: Meili) -> None:
    uid = meili.fresh()
    meili.double.calls.clear()
    add(meili, uid, b'{"id": "one"}')
    meili.call("GET", f"/indexes/{uid}/stats", key="a-key")
    first, second = meili.double.calls.of()
    assert (first.method, first.path, first.query) == ("POST", f"/indexes/{uid}/documents", "primaryKey=id")
    assert (first.content_type, first.size, first.status) == ("application/x-ndjson", 13, 202)
    assert (first.key, second.key, second.status) == (meili.master_key, "a-key", 403)
    assert meili.double.calls.of("GET *") == [second]
    wait_for(
        lambda: all(call.ended for call in (first, second))
    )  # the answer is there a moment before the record of it
    assert first.began <= second.began


def test_the_most_that_came_at_once_is_remembered(meili: Meili) -> None:
    meili.double.faults.add("GET /health", faults.slow(0.3))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: meili.call("GET", "/health"), range(4)))
    assert meili.double.calls.most_concurrent == 4
    assert sorted(call.concurrent for call in meili.double.calls.of("GET /health")) == [1, 2, 3, 4]


def test_an_interrupted_upload_changes_nothing(meili: Meili) -> None:
    uid = meili.fresh()
    with socket.create_connection(("127.0.0.1", meili.double.port), timeout=5) as connection:
        head = f"POST /indexes/{uid}/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {meili.master_key}\r\n"
        connection.sendall(f"{head}Content-Type: application/x-ndjson\r\nContent-Length: 500\r\n\r\n".encode())
        connection.sendall(b'{"id": 1}\n')
    wait_for(lambda: any(call.ended for call in meili.double.calls.of("POST *")))
    assert len(list(meili.double.instance.tasks)) == 0


def test_questions_are_answered_while_documents_come(meili: Meili) -> None:
    index = meili.filled([{"id": n, "text": f"night {n}"} for n in range(200)], filterableAttributes=["id"])
    stop = threading.Event()
    wrong: list[object] = []

    def ask() -> None:
        while not stop.is_set():
            found = index.search("night", {"limit": 1, "filter": "id < 200"})
            if found["estimatedTotalHits"] != 200:
                wrong.append(found)

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        last = 0
        for first in range(200, 1200, 100):
            body = b"\n".join(b'{"id": %d, "text": "night %d"}' % (n, n) for n in range(first, first + 100))
            last = add(meili, index.uid, body).json()["taskUid"]
        meili.wait(last)
        stop.set()
        for one in asking:
            one.result()
    assert not wrong
    assert count(meili, index.uid) == 1200


@pytest.mark.parametrize("spec", ["nothing", "POST /x:fly", "POST /x", "POST /x:slow(1)x", "post /x:slow(1)"])
def test_a_fault_that_cannot_be_read(spec: str) -> None:
    with pytest.raises(ValueError, match="not a fault"):
        faults.parse(spec)


def test_faults_are_written_in_one_line() -> None:
    pattern, action, conditions = faults.parse("POST /indexes/*/documents:status(503, io_error)+1x2%0.5; GET *:hang")[0]
    assert (pattern, conditions) == (ADD, {"skip": 1, "times": 2, "probability": 0.5})
    plan = faults.Plan()
    action(plan)
    assert plan.status == 503
    assert b"io_error" in plan.body

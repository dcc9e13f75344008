"""Documents and their tasks, through the official SDK: on the double, or on a real server (MEILI_URL)."""

from __future__ import annotations

import json

import meilisearch
import pytest
import requests

from tests.doubles.meilisearch.fixtures import Meili


def ndjson(*documents: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in documents).encode()


def post(meili: Meili, path: str, body: bytes, **headers: str) -> requests.Response:
    kept = {"Authorization": f"Bearer {meili.master_key}", "Content-Type": "application/x-ndjson"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{meili.url}{path}", body, headers=kept | named, timeout=20)


def test_a_task_is_told_of_at_once_and_its_documents_are_there_when_it_succeeded(meili: Meili) -> None:
    uid = meili.fresh()
    index = meili.client().index(uid)
    told = index.add_documents_ndjson(ndjson({"id": "a", "n": 1}, {"id": "b", "n": 2}), primary_key="id")
    assert (told.status, told.type, told.index_uid) == ("enqueued", "documentAdditionOrUpdate", uid)
    done = meili.wait(told)
    assert done.status == "succeeded"
    assert done.details == {"receivedDocuments": 2, "indexedDocuments": 2}
    assert done.error is None
    assert {one.n for one in index.get_documents().results} == {1, 2}
    assert meili.client().get_index(uid).primary_key == "id"


def test_the_same_id_replaces_and_put_merges(meili: Meili) -> None:
    index = meili.client().index(meili.fresh())
    index.add_documents_ndjson(ndjson({"id": "a", "x": 1, "y": 1}), primary_key="id")
    meili.wait(index.add_documents_ndjson(ndjson({"id": "a", "x": 2})))
    assert dict(index.get_document("a")) == {"id": "a", "x": 2}
    meili.wait(index.update_documents([{"id": "a", "y": 3}, {"id": "new", "y": 4}]))
    assert dict(index.get_document("a")) == {"id": "a", "x": 2, "y": 3}
    assert dict(index.get_document("new")) == {"id": "new", "y": 4}
    assert index.get_stats().number_of_documents == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"id": "no spaces"}, "invalid_document_id"),
        ({"id": "x" * 512}, "invalid_document_id"),
        ({"id": 1.5}, "invalid_document_id"),
        ({"id": None}, "invalid_document_id"),
        ({"other": 1}, "missing_document_id"),
    ],
)
def test_one_bad_id_fails_the_whole_task_and_no_other(meili: Meili, bad: dict[str, object], code: str) -> None:
    index = meili.client().index(meili.fresh())
    before = index.add_documents_ndjson(ndjson({"id": "before"}), primary_key="id")
    failing = index.add_documents_ndjson(ndjson({"id": "good"}, bad), primary_key="id")
    after = index.add_documents_ndjson(ndjson({"id": "after"}), primary_key="id")
    failed = meili.wait(failing)
    assert failed.status == "failed"
    assert failed.error["code"] == code
    assert failed.details == {"receivedDocuments": 2, "indexedDocuments": 0}
    assert [meili.wait(one).status for one in (before, after)] == ["succeeded", "succeeded"]
    assert {one.id for one in index.get_documents().results} == {"before", "after"}


def test_the_longest_id_and_a_number_are_good_ids(meili: Meili) -> None:
    index = meili.client().index(meili.fresh())
    meili.wait(index.add_documents_ndjson(ndjson({"id": "x" * 511}, {"id": 17}, {"id": "c-1_2"}), primary_key="id"))
    assert index.get_stats().number_of_documents == 3
    assert index.get_document("17").id == 17


def test_a_primary_key_is_guessed_once_and_cannot_be_changed(meili: Meili) -> None:
    client = meili.client()
    index = client.index(meili.fresh())
    assert meili.wait(index.add_documents_ndjson(ndjson({"doc_id": 1}))).status == "succeeded"
    assert client.get_index(index.uid).primary_key == "doc_id"
    failed = meili.wait(index.add_documents_ndjson(ndjson({"doc_id": 2, "id": 2}), primary_key="id"))
    assert failed.error["code"] == "index_primary_key_already_exists"
    several = client.index(meili.fresh())
    failed = meili.wait(several.add_documents_ndjson(ndjson({"doc_id": 1, "id": 2})))
    assert failed.error["code"] == "index_primary_key_multiple_candidates_found"
    none = client.index(meili.fresh())
    failed = meili.wait(none.add_documents_ndjson(ndjson({"name": "x"})))
    assert failed.error["code"] == "index_primary_key_no_candidate_found"


def test_what_cannot_be_read_is_refused_at_once(meili: Meili) -> None:
    path = f"/indexes/{meili.fresh()}/documents"
    bad = post(meili, path, b'{"id": 1}\n{id: 2}')
    assert (bad.status_code, bad.json()["code"]) == (400, "malformed_payload")
    empty = post(meili, path, b"")
    assert (empty.status_code, empty.json()["message"]) == (400, "A ndjson payload is missing.")
    kind = post(meili, path, b"{}", Content_Type="text/plain")
    assert (kind.status_code, kind.json()["code"]) == (415, "invalid_content_type")
    bad_uid = post(meili, "/indexes/no%20good/documents", ndjson({"id": 1}))
    assert (bad_uid.status_code, bad_uid.json()["code"]) == (400, "invalid_index_uid")
    unknown = post(meili, f"{path}?nope=1", ndjson({"id": 1}))
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_request")


def test_documents_go_by_id_by_filter_and_all_together(meili: Meili) -> None:
    client = meili.client()
    index = client.index(meili.fresh())
    meili.wait(index.update_filterable_attributes(["chat"]))
    documents = [{"id": f"c{n % 2}_{n}", "chat": n % 2} for n in range(10)]
    meili.wait(index.add_documents_ndjson(ndjson(*documents), primary_key="id"))
    done = meili.wait(client.http.post(f"indexes/{index.uid}/documents/delete-batch", ["c0_0", "none"])["taskUid"])
    assert done.details == {"providedIds": 2, "deletedDocuments": 1, "originalFilter": None}
    done = meili.wait(client.http.post(f"indexes/{index.uid}/documents/delete", {"filter": "chat = 1"})["taskUid"])
    assert done.details == {"providedIds": 0, "deletedDocuments": 5, "originalFilter": '"chat = 1"'}
    assert {one.id for one in index.get_documents().results} == {"c0_2", "c0_4", "c0_6", "c0_8"}
    failed = meili.wait(client.http.post(f"indexes/{index.uid}/documents/delete", {"filter": "x = 1"})["taskUid"])
    assert failed.error["code"] == "invalid_document_filter"
    with pytest.raises(meilisearch.errors.MeilisearchApiError, match="invalid_document_filter"):
        client.http.post(f"indexes/{index.uid}/documents/delete", {"filter": "chat ="})
    assert meili.wait(index.delete_all_documents()).details == {"deletedDocuments": 4}
    missing = meili.wait(client.index(meili.fresh()).delete_document("x"))
    assert missing.error["code"] == "index_not_found"


def test_documents_are_read_back_by_page_by_id_and_by_filter(meili: Meili) -> None:
    client = meili.client()
    index = client.index(meili.fresh())
    meili.wait(index.update_settings({"filterableAttributes": ["n"], "sortableAttributes": ["n"]}))
    documents = [{"id": f"d{n}", "n": n, "extra": {"deep": n}} for n in range(25)]
    meili.wait(index.add_documents_ndjson(ndjson(*documents), primary_key="id"))

    def fetch(**body: object) -> dict[str, object]:
        found: dict[str, object] = client.http.post(f"indexes/{index.uid}/documents/fetch", body)
        return found

    page = fetch(limit=10, offset=20, fields=["id"])
    assert (page["total"], page["limit"], page["offset"]) == (25, 10, 20)
    assert page["results"] == [{"id": f"d{n}"} for n in range(20, 25)]
    assert fetch(filter="n >= 20", limit=1)["total"] == 5
    assert {one["n"] for one in fetch(ids=["d3", "d4", "none"])["results"]} == {3, 4}  # type: ignore[attr-defined]
    newest = fetch(sort=["n:desc"], limit=2, fields=["n"])
    assert newest["results"] == [{"n": 24}, {"n": 23}]
    with pytest.raises(meilisearch.errors.MeilisearchApiError, match="document_not_found"):
        index.get_document("none")


def test_a_body_may_be_too_large(meili: Meili) -> None:
    meili.double.instance.payload_limit = 10 * 1024 * 1024
    path = f"/indexes/{meili.fresh()}/documents?primaryKey=id"
    refused = post(meili, path, ndjson({"id": 1, "text": "x" * (11 * 1024 * 1024)}))
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")

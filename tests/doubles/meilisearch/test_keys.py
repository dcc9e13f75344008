"""Keys: what they open, their scopes, and how their values come about."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import Any

import pytest

from tests.doubles.meilisearch.fixtures import Meili


def made(meili: Meili, **wanted: Any) -> dict[str, Any]:
    answer = meili.call("POST", "/keys", {"actions": ["*"], "indexes": ["*"], "expiresAt": None, **wanted})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def gone(meili: Meili, key: dict[str, Any]) -> None:
    assert meili.call("DELETE", f"/keys/{key['uid']}").status_code == 204


def test_a_value_follows_from_the_uid_and_the_master_key(meili: Meili) -> None:
    uid = str(uuid.uuid4())
    key = made(meili, uid=uid, name="telekeep", description="for tests", actions=["search"])
    assert meili.master_key is not None
    assert key["key"] == hmac.new(meili.master_key.encode(), uid.encode(), hashlib.sha256).hexdigest()
    assert (key["name"], key["description"], key["actions"]) == ("telekeep", "for tests", ["search"])
    assert meili.call("GET", f"/keys/{uid}").json() == key
    assert meili.call("GET", f"/keys/{key['key']}").json() == key
    changed = meili.call("PATCH", f"/keys/{uid}", {"name": "other"}).json()
    assert (changed["name"], changed["key"]) == ("other", key["key"])
    gone(meili, key)
    assert meili.call("GET", f"/keys/{uid}").json()["code"] == "api_key_not_found"
    assert meili.call("DELETE", f"/keys/{uid}").status_code == 404


def test_without_a_key_and_with_a_wrong_one(meili: Meili) -> None:
    for method, path in (("GET", "/indexes"), ("POST", "/multi-search"), ("GET", "/tasks"), ("GET", "/version")):
        none = meili.call(method, path, key="")
        assert (none.status_code, none.json()["code"]) == (401, "missing_authorization_header")
        wrong = meili.call(method, path, key="wrong")
        assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_api_key")
    assert meili.call("GET", "/health", key="").json() == {"status": "available"}
    basic = meili.call("GET", "/indexes", Authorization="Basic abc")
    assert (basic.status_code, basic.json()["code"]) == (401, "missing_authorization_header")


def test_a_key_opens_its_actions_on_its_indexes_only(meili: Meili) -> None:
    index, other = meili.filled([{"id": 1}]), meili.filled([{"id": 2}])
    key = meili.key(["search", "documents.*"], [index.uid])

    def status(method: str, path: str, body: Any = None) -> int:
        return meili.call(method, path, body, key=key).status_code

    assert status("POST", f"/indexes/{index.uid}/search", {}) == 200
    assert status("POST", f"/indexes/{other.uid}/search", {}) == 403
    assert status("GET", f"/indexes/{index.uid}/documents") == 200
    assert status("POST", f"/indexes/{index.uid}/documents", [{"id": 3}]) == 202
    assert status("GET", f"/indexes/{index.uid}/settings") == 403
    assert status("GET", "/keys") == 403
    assert status("POST", "/multi-search", {"queries": [{"indexUid": index.uid}]}) == 200
    assert status("POST", "/multi-search", {"queries": [{"indexUid": other.uid}]}) in (400, 403)
    assert status("GET", "/tasks") == 403


def test_indexes_of_a_key_may_end_with_a_star(meili: Meili) -> None:
    index = meili.filled([{"id": 1}])
    key = meili.key(["search", "tasks.get", "indexes.get"], [f"{index.uid[:-3]}*"])
    other = meili.filled([{"id": 2}])
    assert meili.call("POST", f"/indexes/{index.uid}/search", {}, key=key).status_code == 200
    assert meili.call("POST", f"/indexes/{other.uid}/search", {}, key=key).status_code == 403
    seen = {task["indexUid"] for task in meili.call("GET", "/tasks", key=key).json()["results"]}
    assert seen == {index.uid}
    assert [one["uid"] for one in meili.call("GET", "/indexes", key=key).json()["results"]] == [index.uid]
    hidden = meili.call("GET", f"/tasks?indexUids={other.uid}&limit=1").json()["results"][0]["uid"]
    assert meili.call("GET", f"/tasks/{hidden}", key=key).json()["code"] == "task_not_found"


def test_a_key_has_its_time(meili: Meili) -> None:
    past = meili.call("POST", "/keys", {"actions": ["*"], "indexes": ["*"], "expiresAt": "2020-01-01"})
    assert past.json()["code"] == "invalid_api_key_expires_at"
    index = meili.filled([{"id": 1}])
    key = made(meili, expiresAt="2100-01-01T00:00:00Z")
    assert key["expiresAt"] == "2100-01-01T00:00:00Z"
    assert meili.call("POST", f"/indexes/{index.uid}/search", {}, key=key["key"]).status_code == 200
    gone(meili, key)


def test_an_expired_key_opens_nothing(meili: Meili) -> None:
    keys = meili.double.instance.keys
    key = made(meili, expiresAt="2100-01-01T00:00:00Z")
    keys[key["uid"]].expires_at = keys[key["uid"]].created_at
    assert meili.call("GET", "/indexes", key=key["key"]).json()["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing_api_key_actions"),
        ({"actions": ["*"]}, "missing_api_key_indexes"),
        ({"actions": ["*"], "indexes": ["*"]}, "missing_api_key_expires_at"),
        ({"actions": ["fly"], "indexes": ["*"], "expiresAt": None}, "invalid_api_key_actions"),
        ({"actions": ["*"], "indexes": ["no good"], "expiresAt": None}, "invalid_api_key_indexes"),
        ({"actions": ["*"], "indexes": ["*"], "expiresAt": "soon"}, "invalid_api_key_expires_at"),
        ({"actions": ["*"], "indexes": ["*"], "expiresAt": None, "uid": "x"}, "invalid_api_key_uid"),
        ({"actions": ["*"], "indexes": ["*"], "expiresAt": None, "name": 5}, "invalid_api_key_name"),
        ({"actions": ["*"], "indexes": ["*"], "expiresAt": None, "nope": 5}, "bad_request"),
    ],
)
def test_a_key_that_makes_no_sense(meili: Meili, body: dict[str, Any], code: str) -> None:
    answer = meili.call("POST", "/keys", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_what_cannot_be_changed_and_what_is_there_already(meili: Meili) -> None:
    key = made(meili)
    fixed = meili.call("PATCH", f"/keys/{key['uid']}", {"actions": ["search"]})
    assert fixed.json()["code"] == "immutable_api_key_actions"
    body = {"actions": ["*"], "indexes": ["*"], "expiresAt": None, "uid": key["uid"]}
    assert meili.call("POST", "/keys", body).json()["code"] == "api_key_already_exists"
    gone(meili, key)


def test_keys_come_in_pages_newest_first(meili: Meili) -> None:
    keys = [made(meili, name=f"k{n}") for n in range(3)]
    page = meili.call("GET", "/keys?limit=2").json()
    assert [one["name"] for one in page["results"]] == ["k2", "k1"]
    assert (page["offset"], page["limit"]) == (0, 2)
    assert page["total"] >= 5  # with the four that are there from the start
    for key in keys:
        gone(meili, key)


def test_a_server_without_a_master_key_is_open(meili: Meili) -> None:
    server = meili.double
    server.instance.master_key = None
    assert meili.call("GET", "/indexes", key="").status_code == 200
    refused = meili.call("GET", "/keys", key="")
    assert (refused.status_code, refused.json()["code"]) == (401, "missing_master_key")

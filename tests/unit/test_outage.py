from __future__ import annotations

from archiver.model.account_status import AccountStatus
from archiver.model.outage import LONG, Outages


def at_work() -> dict[str, AccountStatus]:
    return {"default": AccountStatus(heard_at=5.0)}


def offline(since: float, *, heard_at: float | None = 5.0, trouble: str | None = "no way.") -> dict[str, AccountStatus]:
    return {"default": AccountStatus(offline_since=since, trouble=trouble, heard_at=heard_at)}


def test_a_connection_that_was_never_made_is_told_at_once_and_only_once() -> None:
    outages = Outages()
    assert outages.note(offline(10, heard_at=None, trouble=None), 10.1) == []
    assert "account default is offline: no way." in outages.note(offline(10, heard_at=None), 10.2)[0]
    assert outages.note(offline(10, heard_at=None), 999) == []
    assert outages.note(at_work(), 64) == ["account default is connected again, after 54 s"]
    assert outages.note(at_work(), 65) == []


def test_a_brief_outage_is_not_reported() -> None:
    outages = Outages()
    assert outages.note(offline(10), 10 + LONG - 1) == []
    assert outages.note(at_work(), 10 + LONG) == []
    assert outages.note(offline(100), 100 + LONG) != []

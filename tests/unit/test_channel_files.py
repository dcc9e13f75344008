"""How many files of a channel wait is what the policy says of each, and the phrase says no more than that."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.cli.view.file_sums import FileSum, describe_on_disk
from archiver.ids import ChannelId, MessageId
from archiver.media.policy import size_limit, why_not
from archiver.model.media_file import FILE_KINDS, FileSlot, MediaPolicy
from archiver.store.media.blob_check import BlobSum
from archiver.store.media.channel_files import KnownFiles, count_known, count_waiting
from tests.sample import build, make_message
from tests.tiers import examples

SLOTS = st.lists(
    st.builds(
        FileSlot,
        channel_id=st.just(ChannelId(1001)),
        message_id=st.integers(1, 6).map(MessageId),
        slot=st.integers(0, 1),
        kind=st.sampled_from([*FILE_KINDS, "poll"]),
        id=st.sampled_from(["1", "2", "3", "4"]),
        size=st.none() | st.integers(0, 30),
        self_destructing=st.booleans(),
        status=st.sampled_from(["not downloaded", "not downloaded", "downloaded", "failed", "too big"]),
    ),
    unique_by=lambda one: (one.message_id, one.slot),
    max_size=8,
)
POLICIES = st.builds(
    MediaPolicy,
    download=st.sampled_from(["none", "photos", "all"]),
    max_size=st.integers(0, 30),
    caps=st.dictionaries(st.sampled_from(["photo", "video", "sticker", "document"]), st.integers(0, 30), max_size=2),
    protected=st.booleans(),
)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("channel_files")
    return build(archive, [make_message(at, "", noforwards=at == 5) for at in range(1, 7)])


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slots=SLOTS, policy=POLICIES)
def test_files_wait_that_the_policy_wants(empty: Path, slots: list[FileSlot], policy: MediaPolicy) -> None:
    with closing(sqlite3.connect(empty / "archive.db", isolation_level=None)) as conn:
        conn.execute("BEGIN")
        conn.execute("UPDATE message SET missing_since = CASE message_id WHEN 6 THEN 1 END")
        for one in slots:
            extra = '{"ttl_seconds":7}' if one.self_destructing else None
            conn.execute(
                "INSERT INTO media (channel_id, message_id, slot, kind, id, size, extra, status)"
                " VALUES (1001, ?, ?, ?, ?, ?, ?, ?)",
                (one.message_id, one.slot, one.kind, one.id, one.size, extra, one.status),
            )
        limits = {kind: limit for kind in FILE_KINDS if (limit := size_limit(policy, kind))}
        found = count_waiting(conn, ChannelId(1001), limits, protected=policy.protected)
        known = count_known(conn, ChannelId(1001))
        conn.execute("ROLLBACK")
    files = [one for one in slots if one.kind in FILE_KINDS]
    wanted = {
        one.key
        for one in files
        if one.status == "not downloaded"
        and one.message_id != 6
        and why_not(policy, dataclasses.replace(one, protected=one.message_id == 5)) is None
    }
    assert found == len(wanted)
    assert known == KnownFiles(
        *(len({one.key for one in files if one.status == at}) for at in ("downloaded", "failed"))
    )


@pytest.mark.parametrize(
    ("found", "phrase", "brief"),
    [
        (FileSum(25, 509_000, 60, 5), "25 of 90 wanted files stored (509 kB), 60 waiting, 5 failed", "25 of 90"),
        (FileSum(13, 9, 0, 0, removed=44), "13 of 57 wanted files stored (9 bytes), 44 offloaded", "13 of 57"),
        (FileSum(25, 509_000, 0, 0), "all 25 wanted files stored (509 kB)", "25"),
        (FileSum(1, 9, 0, 0), "all 1 wanted file stored (9 bytes)", "1"),
        (FileSum(25, 509_000, 0, 0, wants=False), "25 files stored (509 kB)", "25"),
        (FileSum(0, 0, 0, 0), "no wanted files in its messages", "0"),
        (
            FileSum(2, 8, 100_001, 0),
            "2 of more than 100,002 wanted files stored (8 bytes), more than 100,000 waiting",
            "2 of more than 100,002",
        ),
        (FileSum(2, 8, 0, 0, full=True), "2 files stored (8 bytes), quota reached", "2"),
        (
            FileSum(2, 8, 1, 0) + FileSum(3, 8, 0, 2),
            "5 of 8 wanted files stored (16 bytes), 1 waiting, 2 failed",
            "5 of 8",
        ),
    ],
)
def test_a_phrase_says_how_many_are_stored_of_those_that_are_wanted(found: FileSum, phrase: str, brief: str) -> None:
    assert (found.describe(), found.brief) == (phrase, brief)


@pytest.mark.parametrize(
    ("shown", "stored", "phrase"),
    [
        (3, BlobSum(1, 67, None), "1 file, 67 bytes, for 3 files of messages, equal ones once"),
        (2, BlobSum(2, 67, None), "2 files, 67 bytes"),
        (1, BlobSum(2, 67, None), "2 files, 67 bytes, for 1 file of messages"),
    ],
)
def test_message_files_and_files_on_disk_are_counted_separately(shown: int, stored: BlobSum, phrase: str) -> None:
    assert describe_on_disk(shown, stored) == phrase

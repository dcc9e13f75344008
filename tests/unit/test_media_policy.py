"""Which files are wanted: what holds for every policy and every file."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from archiver.media.policy import Reason, asked_policy, has_room, merge_policy, size_limit, wants_thumb, why_not
from archiver.model.media_file import (
    FILE_KINDS,
    FileSlot,
    MediaPolicy,
    PolicyOverride,
    blob_path,
    file_key,
    is_thumb,
    parse_key,
    thumb_key,
)

SIZES = st.integers(0, 2**40)
CAPS = st.dictionaries(st.sampled_from(FILE_KINDS), SIZES)
DOWNLOADS = st.sampled_from(["none", "photos", "all"])
POLICIES = st.builds(
    MediaPolicy,
    download=DOWNLOADS,
    max_size=SIZES,
    caps=CAPS,
    thumbnails=st.booleans(),
    quota=st.none() | SIZES,
    protected=st.booleans(),
)
OVERRIDES = st.builds(
    PolicyOverride,
    download=st.none() | DOWNLOADS,
    max_size=st.none() | SIZES,
    caps=st.none() | CAPS,
    quota=st.none() | SIZES,
    thumbnails=st.none() | st.booleans(),
    protected=st.none() | st.booleans(),
)
SLOTS = st.builds(
    FileSlot,
    channel_id=st.just(1001),
    message_id=st.just(1),
    slot=st.just(0),
    kind=st.sampled_from(FILE_KINDS),
    id=st.integers(1, 2**63 - 1).map(str),
    size=st.none() | SIZES,
    self_destructing=st.booleans(),
    protected=st.booleans(),
)


@given(POLICIES, SLOTS, SIZES)
def test_self_destructing_files_are_wanted_by_no_policy(policy: MediaPolicy, slot: FileSlot, used: int) -> None:
    gone = replace(slot, self_destructing=True)
    assert why_not(policy, gone, used=used) == "self-destructing"
    assert why_not(asked_policy(policy, max_size=2**50), gone) == "self-destructing"
    assert not wants_thumb(policy, gone)


@given(POLICIES, SLOTS, SIZES)
def test_protected_files_are_wanted_only_with_the_setting(policy: MediaPolicy, slot: FileSlot, used: int) -> None:
    kept = replace(slot, protected=True, self_destructing=False)
    shut, open_ = replace(policy, protected=False), replace(policy, protected=True)
    assert why_not(shut, kept, used=used) == "protected channel"
    assert why_not(open_, kept, used=used) == why_not(policy, replace(kept, protected=False), used=used)
    assert not wants_thumb(shut, kept)


@given(POLICIES, SLOTS, SIZES)
def test_a_wanted_file_is_within_every_limit(policy: MediaPolicy, slot: FileSlot, used: int) -> None:
    reason = why_not(policy, slot, used=used)
    assert reason is None or reason in get_args(Reason)
    if reason is None:
        size = slot.size or 0
        assert policy.download == "all" or (policy.download, slot.kind) == ("photos", "photo")
        assert size <= size_limit(policy, slot.kind)
        assert policy.quota is None or used + size <= policy.quota


@given(POLICIES, SLOTS, SIZES, SIZES)
def test_a_higher_limit_never_leaves_out_more(policy: MediaPolicy, slot: FileSlot, used: int, more: int) -> None:
    wider = replace(
        policy,
        max_size=policy.max_size + more,
        caps={kind: cap + more for kind, cap in policy.caps.items()},
        quota=None if policy.quota is None else policy.quota + more,
    )
    if why_not(policy, slot, used=used) is None:
        assert why_not(wider, slot, used=used) is None


@given(POLICIES, SLOTS)
def test_a_cap_of_nothing_means_never(policy: MediaPolicy, slot: FileSlot) -> None:
    caps = {**policy.caps, slot.kind: 0, "sticker": 0}
    never = replace(policy, caps=caps)
    assert why_not(never, replace(slot, size=None)) is not None


@given(POLICIES)
def test_custom_emoji_follow_the_cap_of_stickers(policy: MediaPolicy) -> None:
    assert size_limit(policy, "custom_emoji") == size_limit(policy, "sticker")


@given(POLICIES, OVERRIDES)
def test_a_channel_overrides_what_it_says_and_inherits_the_rest(policy: MediaPolicy, override: PolicyOverride) -> None:
    merged = merge_policy(policy, override)
    for name in ("download", "max_size", "quota", "thumbnails", "protected"):
        said = getattr(override, name)
        assert getattr(merged, name) == (getattr(policy, name) if said is None else said)
    assert dict(merged.caps) == {**policy.caps, **(override.caps or {})}
    assert merge_policy(policy, None) == policy == merge_policy(policy, PolicyOverride())


@given(POLICIES, SLOTS)
def test_what_is_asked_for_by_name_is_never_of_an_unwanted_kind(policy: MediaPolicy, slot: FileSlot) -> None:
    asked = asked_policy(policy)
    reason = why_not(asked, replace(slot, self_destructing=False, protected=False, size=None))
    assert reason is None or policy.max_size == 0
    limited = why_not(asked_policy(policy, max_size=100), replace(slot, self_destructing=False, size=101))
    assert limited in {"too big", "protected channel"}


@given(POLICIES, SLOTS)
def test_a_picture_that_is_fetched_whole_needs_no_thumbnail(policy: MediaPolicy, slot: FileSlot) -> None:
    if slot.kind in {"photo", "image"} and why_not(policy, slot) is None:
        assert not wants_thumb(policy, slot)
    if policy.download == "none" or not policy.thumbnails:
        assert not wants_thumb(policy, slot)


@given(SIZES, st.none() | SIZES, SIZES)
def test_a_download_never_eats_into_what_must_stay_free(free: int, size: int | None, least: int) -> None:
    if has_room(free, size, min_free=least):
        assert free - (size or 0) >= least


@given(SLOTS)
def test_keys_keep_photos_and_documents_apart(slot: FileSlot) -> None:
    assert parse_key(slot.key) == (slot.kind == "photo", slot.id) == parse_key(thumb_key(slot.key))
    assert is_thumb(thumb_key(slot.key))
    assert not is_thumb(slot.key)
    assert file_key("photo", slot.id) != file_key("video", slot.id) == file_key("document", slot.id)


@given(st.binary(min_size=32, max_size=32))
def test_a_blob_lies_where_its_hash_says(digest: bytes) -> None:
    path = blob_path(digest.hex())
    assert path.removeprefix("media/").replace("/", "") == digest.hex()
    assert path.count("/") == 2

"""Policies and sizes as they are typed: what is written is read back, what is wrong is one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.media.policy import merge_policy
from archiver.model.media_file import MediaPolicy, PolicyOverride
from archiver.model.media_policy_text import CAP_KINDS, parse_policy, write_override, write_policy
from config.sizes import LARGEST, parse_size, write_size

SIZES = st.integers(0, LARGEST)
OVERRIDES = st.builds(
    PolicyOverride,
    download=st.none() | st.sampled_from(["none", "photos", "all"]),
    max_size=st.none() | SIZES,
    caps=st.none() | st.dictionaries(st.sampled_from(CAP_KINDS), SIZES, min_size=1),
    quota=st.none() | SIZES,
    thumbnails=st.none() | st.booleans(),
    protected=st.none() | st.booleans(),
)


@given(OVERRIDES)
def test_an_override_is_read_as_it_was_written(override: PolicyOverride) -> None:
    assert parse_policy(write_override(override)) == override


@given(OVERRIDES)
def test_a_whole_policy_says_everything(override: PolicyOverride) -> None:
    policy = merge_policy(MediaPolicy(), override)
    assert merge_policy(MediaPolicy(download="all", max_size=1), parse_policy(write_policy(policy))) == policy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("everything", '"everything" is not part of a media policy'),
        ("", '"" is not part'),
        ("all,photos", '"photos" is not part'),
        ("all,video", '"video" is not part'),
        ("all,video=much", '"much" is not a size .video.'),
        ("all,webpage=1MB", '"webpage=1mb" is not part'),
        ("thumbnails=maybe", '"thumbnails=maybe" is not part'),
        ("inherit,all", '"inherit" is not part'),
    ],
)
def test_a_wrong_policy_is_one_line_with_an_example(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        parse_policy(text)
    assert "\n" not in str(raised.value)
    assert "200MB" in str(raised.value)


@given(SIZES)
def test_a_size_is_read_as_it_was_written(octets: int) -> None:
    assert parse_size(write_size(octets)) == octets


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0", 0),
        ("20MB", 20_000_000),
        ("1.5 GB", 1_500_000_000),
        ("512KiB", 524_288),
        ("2g", 2_000_000_000),
        ("7 b", 7),
        (" 3kB ", 3_000),
    ],
)
def test_sizes_have_the_usual_units(text: str, octets: int) -> None:
    assert parse_size(text) == octets


@pytest.mark.parametrize(
    "text", ["", "MB", "1,5GB", "-1", "1e3", "20MBx", "5i", "٣MB", "2EB", "9999999999999PB", "1 0"]
)
def test_what_is_no_size_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size|is too large"):
        parse_size(text)

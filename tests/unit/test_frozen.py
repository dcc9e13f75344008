from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest


@dataclass(frozen=True, slots=True)
class Theirs:
    first: int
    second: str = "b"
    third: list[int] = field(default_factory=list, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Ours:
    first: int
    second: str = "b"
    third: list[int] = field(default_factory=list, repr=False, compare=False)

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Ours):
    fourth: int = 4


def test_record_is_what_a_dataclass_would_be() -> None:
    for ours, theirs in ((Ours(1), Theirs(1)), (Ours(1, second="c"), Theirs(1, second="c")), (Ours(2, "d", [1]),) * 2):
        assert repr(ours).partition("(")[2] == repr(theirs).partition("(")[2]
        assert hash(ours) == hash((ours.first, ours.second))
        assert ours == Ours(ours.first, ours.second, [9])
        assert ours != replace(ours, first=7)
        assert ours != theirs or ours is theirs
        assert pickle.loads(pickle.dumps(ours)) == ours  # noqa: S301 - our own
    assert [one.name for one in fields(Ours)] == [one.name for one in fields(Theirs)]
    assert Ours(1).third is not Ours(1).third
    assert Ours(1).both == "1b"


def test_record_does_not_change_and_takes_only_what_it_has() -> None:
    record = Named(first=1, fourth=5)
    assert (record, record.fourth) == (Named(1, fourth=5), 5)
    for act in (lambda: setattr(record, "first", 2), lambda: delattr(record, "first")):
        with pytest.raises(FrozenInstanceError):
            act()
    for wrong in (lambda: Named(1, "b", [], 5), Ours, lambda: Ours(1, fifth=5)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(AttributeError):
        _ = record.__dict__


def test_match_takes_a_record_apart() -> None:
    match Ours(1, "x"):
        case Ours(first, second):
            assert (first, second) == (1, "x")
        case _:
            pytest.fail("no match")

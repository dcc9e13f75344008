"""Parts of a file: what is asked for, what comes, what is kept on disk, and how many are in flight."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FileRefused, Implausible, PartRefused
from archiver.media.blob_store import BlobStore
from archiver.media.call_budget import CallBudget, small_calls
from archiver.media.gate import Gate
from archiver.media.handover import Handed, Handover
from archiver.media.outcome import judge
from archiver.media.part_map import PartMap
from archiver.media.part_reader import PartReader, SizeDiffers
from archiver.media.partial import DATA, PARTS, Partial, list_partials, partial_name
from archiver.media.pieces import LEAST, next_piece
from archiver.media.proof import FileProof, Prover, WrongBytes
from archiver.media.window import LEAST as LEAST_WINDOW
from archiver.media.window import MOST, SLOW, START, Window, received, slowed
from archiver.model.file_location import PART, FileLocation, PieceHash, part_count, part_length
from archiver.model.media_file import FileKey
from archiver.pacing.attempt_delay import attempt_delay
from tests.tiers import examples

KEY = FileKey("document/5100000000000007")
HASHED = 128 << 10


def place(size: int | None, key: str = KEY) -> FileLocation:
    return FileLocation(key=key, id=7, access_hash=1, reference=b"r", dc_id=2, size=size)


def content(size: int) -> bytes:
    return (b"%08d" * (size // 8 + 1) % tuple(range(size // 8 + 1)))[:size] if size < 4096 else os.urandom(size)


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    blobs = BlobStore(tmp_path)
    blobs.prepare()
    return blobs


# pieces: the rules of upload.getFile


@given(at=st.integers(0, 1 << 32), length=st.integers(1, PART), halvings=st.integers(0, 8))
def test_every_request_obeys_the_documented_rules_and_brings_new_bytes(at: int, length: int, halvings: int) -> None:
    end = min(at + length, (at // PART + 1) * PART)
    piece = next_piece(at, end, max(PART >> halvings, LEAST))
    step = 1024 if piece.precise else 4096
    assert piece.offset % step == piece.limit % step == 0
    assert 0 < piece.limit <= PART
    assert piece.precise or PART % piece.limit == 0
    assert piece.offset // PART == (piece.offset + piece.limit - 1) // PART
    assert piece.offset + piece.known == at
    assert piece.known < piece.limit


class Server:
    """Gives bytes, after the answers that a test prescribes."""

    def __init__(self, data: bytes, *first: bytes | Exception | None, most: int = PART) -> None:
        self.data, self.most = data, most
        self.first = deque(first)
        self.asked: list[tuple[int, int]] = []

    async def get_part(self, location: FileLocation, offset: int, limit: int, *, precise: bool = False) -> bytes:
        self.asked.append((offset, limit))
        await asyncio.sleep(0)
        if limit > self.most:
            raise PartRefused("LIMIT_INVALID")
        if self.first and (answer := self.first.popleft()) is not None:
            if isinstance(answer, Exception):
                raise answer
            return answer
        return self.data[offset : offset + limit]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.media.part_reader.PAUSE", 0.0)


@given(cuts=st.lists(st.integers(0, 300_000), max_size=6), size=st.integers(1, 2 * PART))
@settings(max_examples=examples(40), deadline=None)
async def test_a_part_is_whole_however_its_answers_are_cut(cuts: list[int], size: int) -> None:
    data = content(size)
    for number in range(part_count(size)):
        server = Server(data)
        plain, left = server.get_part, deque(cuts)

        async def cut(location: FileLocation, offset: int, limit: int, *, precise: bool = False) -> bytes:
            answer = await plain(location, offset, limit, precise=precise)  # noqa: B023
            return answer[: left.popleft()] if left else answer  # noqa: B023

        server.get_part = cut  # type: ignore[method-assign]
        idle = max((len(list(g)) for g in "".join("0" if c < 1024 else "1" for c in cuts).split("1")), default=0)
        reading = PartReader(server).read(place(size), number * PART, part_length(size, number))
        if idle < 4:
            assert await reading == data[number * PART : (number + 1) * PART]
        else:
            with contextlib.suppress(SizeDiffers):  # an answer that brings less than a kilobyte may bring nothing new
                assert await reading == data[number * PART : (number + 1) * PART]


async def test_a_refused_size_of_requests_is_halved_and_remembered() -> None:
    data = content(PART + 5000)
    server = Server(data, most=256 << 10)
    reader = PartReader(server)
    assert await reader.read(place(len(data)), 0, PART) == data[:PART]
    server.asked.clear()
    assert await reader.read(place(len(data)), PART, 5000) == data[PART:]
    assert server.asked == [(PART, 256 << 10)]


async def test_hollow_and_overlong_answers_are_asked_for_again() -> None:
    data = content(PART)
    server = Server(data, b"", data + b"\0" * 4096, Implausible("sent nonsense"), None)
    assert await PartReader(server).read(place(PART), 0, PART) == data


@pytest.mark.parametrize(("real", "announced"), [(5000, 9000), (9000, 5000)])
async def test_a_file_of_another_size_than_announced_is_an_error_that_says_so(real: int, announced: int) -> None:
    server = Server(content(real))
    with pytest.raises(SizeDiffers, match=f"announces {announced:,} bytes"):
        await PartReader(server).read(place(announced), 0, announced)
    assert len(server.asked) >= 3, "it is not believed at once"


# partial files


@given(size=st.integers(0, 5 * PART + 4321))
def test_parts_cover_each_byte_once(size: int) -> None:
    lengths = [part_length(size, number) for number in range(part_count(size))]
    assert sum(lengths) == size
    whole = PartMap(size).having(range(part_count(size)))
    assert whole.is_complete
    assert not list(whole.missing)
    for number in range(part_count(size)):
        if size:
            assert not PartMap(size, whole.there - {number}).is_complete
    with pytest.raises(ValueError, match="beyond"):
        whole.having([part_count(size)])


@given(
    size=st.integers(1, 3 * PART + 100),
    kept=st.sets(st.integers(0, 3)),
    torn=st.integers(0, 19),
    hurt=st.integers(-1, 3),
)
@settings(max_examples=examples(40), deadline=None)
def test_what_was_kept_is_continued_and_what_was_damaged_is_not_believed(
    tmp_path_factory: pytest.TempPathFactory, size: int, kept: set[int], torn: int, hurt: int
) -> None:
    blobs = BlobStore(tmp_path_factory.mktemp("archive"))
    blobs.prepare()
    data = content(size)
    kept = {number for number in kept if number < part_count(size)}
    partial = Partial.open(blobs, KEY, size)
    for number in kept:
        partial.write(number, data[number * PART : (number + 1) * PART])
    partial.close()
    with (blobs.partial / (partial_name(KEY) + PARTS)).open("ab") as listed:
        listed.write(b"\xff" * torn)  # killed in the middle of a record
    if hurt in kept:
        with (blobs.partial / (partial_name(KEY) + DATA)).open("r+b") as file:
            file.seek(hurt * PART)
            byte = file.read(1)
            file.seek(hurt * PART)
            file.write(bytes([byte[0] ^ 1]))
    again = opened(blobs, size)
    assert again.parts.there == kept - {hurt}
    for number in list(again.parts.missing):
        again.write(number, data[number * PART : (number + 1) * PART])
        again.note(number)
    again.expect_whole()
    digest = sha256()
    again.add_to(digest, 0)
    assert digest.digest() == sha256(data).digest()
    again.close()
    last = opened(blobs, size)
    assert last.parts.is_complete
    last.close()


def opened(blobs: BlobStore, size: int) -> Partial:
    """A partial file, with what an earlier run kept."""
    partial = Partial.open(blobs, KEY, size)
    for number in list(partial.claims):
        partial.confirm(number)
    return partial


def test_a_partial_file_of_another_size_begins_anew(store: BlobStore) -> None:
    first = Partial.open(store, KEY, PART)
    first.write(0, bytes(PART))
    first.close()
    other = opened(store, PART + 1)
    assert not other.parts.there
    with pytest.raises(ValueError, match="missing"):
        other.expect_whole()
    other.close()
    assert list_partials(store.list_partial()) == [KEY]
    assert {path.stat().st_mode & 0o777 for path in store.partial.iterdir()} == {0o600}


def test_the_journal_keeps_what_is_not_settled_and_forgets_the_rest(store: BlobStore) -> None:
    journal = Handover(store)
    turns = [journal.note(Handed(FileKey(f"photo/{n}"), sha256(b"%d" % n).hexdigest(), n)) for n in range(450)]
    for turn in turns[:449]:
        journal.settled(turn)
    journal.clear()
    left = Handover(store).read()
    assert left[-1] == Handed(FileKey("photo/449"), sha256(b"449").hexdigest(), 449)
    journal.settled(turns[449])
    journal.clear()
    assert Handover(store).read() == []
    assert store.list_partial() == []


def test_a_torn_line_of_the_journal_is_left_out(store: BlobStore) -> None:
    Handover(store).note(Handed(FileKey("photo/1"), "a" * 64, 1))
    with (store.partial / "handover-0.list").open("ab") as file:
        file.write(b"photo/2 " + b"b" * 40)
    assert [one.key for one in Handover(store).read()] == ["photo/1"]


# proofs


class HashServer:
    """Gives hashes of pieces, true unless told otherwise."""

    def __init__(self, data: bytes, *, most: int = 40, lies: int = 0, gives: bool = True) -> None:
        self.data, self.most, self.lies, self.gives, self.asked = data, most, lies, gives, 0

    async def get_hashes(self, location: FileLocation, offset: int) -> list[PieceHash]:
        self.asked += 1
        if not self.gives:
            return []
        self.lies -= 1
        found = []
        for at in range(offset, min(offset + self.most * HASHED, len(self.data)), HASHED):
            piece = self.data[at : at + HASHED]
            found.append(PieceHash(at, len(piece), sha256(piece + b"!" * (self.lies >= 0)).digest()))
        return found

    def dc_of(self, location: FileLocation) -> int:
        return location.dc_id


@given(size=st.integers(1, 2 * PART + 777), flipped=st.integers(0, 2 * PART + 776))
@settings(max_examples=examples(30), deadline=None)
async def test_one_wrong_bit_is_noticed_wherever_it_is(size: int, flipped: int) -> None:
    data = content(size)
    flipped %= size
    wrong = bytearray(data)
    wrong[flipped] ^= 1
    proof = FileProof(Prover(HashServer(data)), place(size))
    for number in range(part_count(size)):
        offset, length = number * PART, part_length(size, number)
        assert await proof.is_proven(offset, data[offset : offset + length])
        if offset <= flipped < offset + length:
            with pytest.raises(WrongBytes):
                await proof.is_proven(offset, bytes(wrong[offset : offset + length]))


async def test_wrong_hashes_are_asked_for_again() -> None:
    data = content(PART)
    proof = FileProof(Prover(HashServer(data, lies=1)), place(PART))
    with pytest.raises(WrongBytes):
        await proof.is_proven(0, data)
    assert await proof.is_proven(0, data)


async def test_a_server_without_hashes_is_not_asked_for_ever() -> None:
    server = HashServer(content(1000), gives=False)
    prover = Prover(server)
    for _ in range(20):
        assert not await FileProof(prover, place(1000)).is_proven(0, server.data)
    assert server.asked == 3


async def test_an_answer_with_hashes_serves_several_parts() -> None:
    data = content(8 * PART)
    server = HashServer(data)
    proof = FileProof(Prover(server), place(len(data)))
    for number in range(8):
        assert await proof.is_proven(number * PART, data[number * PART : (number + 1) * PART])
    assert server.asked == 2


# the window


steps = st.lists(
    st.tuples(st.integers(1, PART), st.floats(0.001, 30.0), st.booleans(), st.floats(0.0, 5.0)), max_size=200
)


@given(steps)
def test_the_window_stays_within_its_bounds_whatever_happens(
    happened: list[tuple[int, float, bool, float]],
) -> None:
    window, now = Window(), 100.0
    for length, seconds, full, passed in happened:
        now += passed
        window = received(window, length, seconds=seconds, now=now, full=full)
        assert LEAST_WINDOW <= window.size <= MOST


def simulate(rate_of: dict[int, float], seconds: float) -> Window:
    """A server that gives so many bytes a second with each window, always asked for more."""
    window, now = Window(), 1.0
    end = now + seconds
    while now < end:
        rate = rate_of[window.size]
        now += PART / rate
        window = received(window, PART, seconds=window.size / rate, now=now, full=True)
    return window


def test_the_window_grows_while_more_arrives_and_not_further() -> None:
    helping = {size * PART: size * 1e6 for size in (1, 2, 4, 8, 16)}
    assert simulate(helping, 60.0).size == MOST
    useless = {size * PART: 4e6 for size in (1, 2, 4, 8, 16)}
    assert simulate(useless, 20.0).size <= START


def test_time_outs_halve_the_window_once_for_all_that_were_asked_before() -> None:
    window = replace_size(MOST)
    for _ in range(16):
        window = slowed(window, asked_at=10.0, now=20.0)
    assert window.size == MOST // 2
    assert received(window, PART, seconds=SLOW, now=40.0, full=True).size == MOST // 4


def replace_size(size: int) -> Window:
    return Window(size=size, since=1.0)


async def test_the_gate_lets_only_the_window_through_and_hung_parts_block_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("archiver.media.gate.SLOW", 0.05)
    gate, inside, most = Gate(), 0, 0

    async def hang() -> None:
        async with gate.part(PART):
            await asyncio.sleep(30)

    async def work() -> None:
        nonlocal inside, most
        async with gate.part(PART):
            inside, most = inside + 1, max(most, inside + 1)
            await asyncio.sleep(0.001)
            inside -= 1

    hung = [asyncio.create_task(hang()) for _ in range(4)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await asyncio.gather(*(work() for _ in range(50)))
    assert most <= MOST // PART
    for task in hung:
        task.cancel()
    await asyncio.wait(hung)
    async with gate.part(PART):
        pass
    assert gate.in_flight == 0
    assert gate._overdue == 0


async def test_a_cancelled_wait_gives_its_place_back() -> None:
    gate = Gate()
    async with gate.part(4 * PART), gate.part(PART), gate.part(PART), gate.part(PART):
        waiting = asyncio.create_task(enter(gate))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert gate.in_flight == 0


async def enter(gate: Gate) -> None:
    async with gate.part(PART):
        pass


# budget and outcome


@given(gaps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=120), calls=st.integers(1, 40))
def test_no_window_of_seconds_has_more_calls_than_allowed(gaps: list[float], calls: int) -> None:
    budget, now, went = CallBudget(calls, 30.0), 1000.0, []
    for gap in gaps:
        now += gap
        went.append(now + budget.take(now))
    assert went == sorted(went)
    for number in range(calls, len(went)):
        assert went[number] - went[number - calls] >= 30.0 - 1e-6


def test_small_files_have_a_budget_unless_pacing_is_off() -> None:
    assert small_calls(1.0, "gentle") == 30
    assert small_calls(1.0, "normal") == 90
    assert small_calls(0.0, "gentle") is None


def test_retries_grow_up_to_a_day_and_some_refusals_are_final() -> None:
    delays = [attempt_delay(attempts) for attempts in range(20)]
    assert delays == sorted(delays)
    assert delays[0] == 60
    assert delays[-1] == 86400
    assert judge(FileRefused("FILE_ID_INVALID"), 0).status == "gone"
    assert judge(FileRefused("LOCATION_INVALID"), 0).status == "refused"
    assert judge(FileRefused("SOMETHING_NEW"), 2)[::2] == ("failed", 960.0)

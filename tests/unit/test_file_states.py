"""Whatever happens to files, in whatever order: slots and search rows say what table `file` says."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from archiver.model.document import mark_files, to_document
from archiver.model.media_file import FINAL_STATES, FileKey, FileState, file_key
from archiver.model.record import Message
from archiver.store.media import file as files
from archiver.store.media.file_check import check_files, check_slots
from archiver.store.messages.message import Sighting, list_known, read_messages, update_messages
from archiver.store.messages.revision import keep_revisions
from search.exact import writer
from search.flags import FILE_MASK, SUPERSEDED, file_bits
from tests.sample import build, connect, make_message, photo
from tests.storing import insert_messages
from tests.tiers import SOAK

IDS = st.sampled_from(["1", "2", "3"])
KINDS = st.sampled_from(["photo", "video", "document"])
BYTES = {"1": "ab" * 32, "2": "cd" * 32, "3": "ab" * 32}
HASHES = st.sampled_from([*BYTES.values()])
SLOTS = st.lists(st.tuples(KINDS, IDS), max_size=2)
FAILURES: st.SearchStrategy[FileState] = st.sampled_from(["failed", "gone", "refused", "partial", "too big"])


class Files(RuleBasedStateMachine):
    """An archive in which messages appear and change, and files are stored, lost and asked for again."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.now = 100
        build(self.directory, [])
        self.conn = connect(self.directory)
        self.conn.execute("BEGIN")
        writer.create(self.conn)

    def teardown(self) -> None:
        self.conn.close()
        shutil.rmtree(self.directory)

    @rule(number=st.integers(1, 6), slots=SLOTS)
    def show(self, number: int, slots: list[tuple[str, str]]) -> None:
        """A message is posted, or edited, as `archiver.mirror.apply` does it."""
        media = tuple(photo(slot, kind=kind, id=id_) for slot, (kind, id_) in enumerate(slots))
        message = make_message(number, f"{number} {slots}", media=media)
        sighting = Sighting(now=self.tick(), origin="update", generation=1)
        files.revive_gone(self.conn, [message], now=self.now)
        [filled] = files.fill_files(self.conn, [message])
        if list_known(self.conn, message.channel_id, [number]):
            keep_revisions(self.conn, message.channel_id, [filled.message_id], now=self.now)
            update_messages(self.conn, [filled], sighting)
        else:
            insert_messages(self.conn, [filled], sighting)
        writer.upsert(self.conn, [to_document(filled)])

    @rule(kind=KINDS, id_=IDS)
    def store(self, kind: str, id_: str) -> None:
        """A file always has the same bytes, and another one may have them too."""
        sha256 = BYTES[id_]
        files.settle_downloaded(self.conn, file_key(kind, id_), sha256=sha256, size=7, now=self.tick())

    @rule(kind=KINDS, id_=IDS, status=FAILURES)
    def fail(self, kind: str, id_: str, status: FileState) -> None:
        key = file_key(kind, id_)
        if files.find_file(self.conn, key).status not in FINAL_STATES:
            files.settle_failed(self.conn, key, status=status, reason="because", now=self.tick(), retry_at=self.now + 9)

    @rule(sha256=HASHES, state=st.sampled_from(["present", "offloaded", "missing", "damaged"]))
    def move(self, sha256: str, state: str) -> None:
        files.set_blob_state(self.conn, sha256, state, now=self.tick())  # type: ignore[arg-type]

    @rule(kind=KINDS, id_=IDS)
    def ask_again(self, kind: str, id_: str) -> None:
        files.forget_outcome(self.conn, [file_key(kind, id_)], now=self.tick())

    def tick(self) -> int:
        self.now += 1
        return self.now

    @invariant()
    def slots_say_what_files_say(self) -> None:
        assert list(check_slots(self.conn)) == []
        assert list(check_files(self.conn)) == []

    @invariant()
    def search_rows_say_what_slots_say(self) -> None:
        rows = self.conn.execute(
            "SELECT message_id, flags, (SELECT group_concat(lower(hex(sha256))) FROM search_file AS f"
            " WHERE f.docid = d.docid) FROM search_document AS d"
        ).fetchall()
        found = {
            number: (flags & FILE_MASK, set((hashes or "").split(",")) - {""})
            for number, flags, hashes in rows
            if not flags & SUPERSEDED
        }
        marks = {one.message_id: mark_files(one.media) for one in self.messages()}
        assert found == {one: (file_bits(mark.states), set(mark.hashes)) for one, mark in marks.items()}

    @invariant()
    def nothing_that_was_stored_loses_its_hash(self) -> None:
        for key, status, sha256 in self.conn.execute("SELECT file_key, status, sha256 FROM file"):
            assert status not in {"downloaded", "offloaded"} or sha256, FileKey(key)

    def messages(self) -> list[Message]:
        return read_messages(self.conn, make_message(1).channel_id, after=0, limit=10)


TestFiles = Files.TestCase
TestFiles.settings = settings(max_examples=100 if SOAK else 10, stateful_step_count=25, deadline=None)

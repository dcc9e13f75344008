"""The store of files' bytes, on a real disk: whole or absent, private, and never through a link."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import IntegrityError, NotFound, UsageError
from archiver.media.blob_store import BlobStore

STEPS = ("sync file", "rename", "sync bucket", "sync partial")


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    store = BlobStore(tmp_path)
    store.prepare()
    return store


def finished(store: BlobStore, data: bytes, name: str = "photo_1.data") -> str:
    """A file that was fetched whole; its hash."""
    handle = store.open_partial(name)
    os.write(handle, data)
    os.close(handle)
    return hashlib.sha256(data).hexdigest()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_adopted_file_is_where_its_hash_says_private_and_alone(store: BlobStore) -> None:
    digest = finished(store, b"picture")
    path = store.adopt("photo_1.data", sha256=digest, size=7)
    assert path == store.root / digest[:2] / digest[2:]
    assert path.read_bytes() == b"picture"
    assert (mode(path), mode(path.parent), mode(store.partial), mode(store.root)) == (0o600, 0o700, 0o700, 0o700)
    assert store.list_partial() == []
    assert list(store.list_blobs()) == [digest]
    assert store.rehash(digest) is True
    assert store.size(digest) == 7


def test_the_same_bytes_twice_are_stored_once(store: BlobStore) -> None:
    digest = finished(store, b"picture")
    path = store.adopt("photo_1.data", sha256=digest, size=7)
    inode = path.stat().st_ino
    finished(store, b"picture", "photo_2.data")
    assert store.adopt("photo_2.data", sha256=digest, size=7) == path
    assert path.stat().st_ino == inode
    assert store.list_partial() == []


@pytest.mark.parametrize("found", [b"", b"pictur", b"PICTURE"])
def test_a_damaged_blob_is_replaced_by_the_right_bytes(store: BlobStore, found: bytes) -> None:
    digest = finished(store, b"picture")
    path = store.adopt("photo_1.data", sha256=digest, size=7)
    path.write_bytes(found)
    assert store.rehash(digest) is False
    finished(store, b"picture")
    store.adopt("photo_1.data", sha256=digest, size=7)
    assert store.rehash(digest) is True


def test_a_file_of_another_size_is_refused(store: BlobStore) -> None:
    digest = finished(store, b"picture")
    with pytest.raises(IntegrityError, match="has 7 bytes instead of 8"):
        store.adopt("photo_1.data", sha256=digest, size=8)
    assert list(store.list_blobs()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\0b"])
def test_a_name_that_is_no_plain_name_is_refused(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        store.open_partial(name)


def test_a_hash_that_is_none_names_no_file(store: BlobStore) -> None:
    for wrong in ("", "AB" * 32, "../" * 20 + "etcd", "ab" * 31):
        with pytest.raises(ValueError, match="not a SHA-256"):
            store.open(wrong)


@pytest.mark.parametrize("what", ["bucket", "blob", "partial", "temporary"])
def test_a_link_below_media_is_never_followed(store: BlobStore, tmp_path: Path, what: str) -> None:
    digest = finished(store, b"picture")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "victim").write_bytes(b"do not touch")
    path = store.path(digest)
    if what == "bucket":
        path.parent.symlink_to(elsewhere)
    elif what == "blob":
        path.parent.mkdir()
        path.symlink_to(elsewhere / "victim")
    elif what == "partial":
        store.partial.rename(tmp_path / "moved")
        store.partial.symlink_to(tmp_path / "moved")
    else:
        (store.partial / "photo_1.data").unlink()
        (store.partial / "photo_1.data").symlink_to(elsewhere / "victim")
    with pytest.raises(UsageError, match="link"):
        store.adopt("photo_1.data", sha256=digest, size=7)
    assert list(elsewhere.iterdir()) == [elsewhere / "victim"]
    assert (elsewhere / "victim").read_bytes() == b"do not touch"
    if what == "blob":
        with pytest.raises(UsageError, match="link"):
            store.open(digest)
    assert list(store.list_blobs()) == []


def test_a_fifo_in_the_place_of_a_blob_blocks_nothing(store: BlobStore) -> None:
    digest = hashlib.sha256(b"picture").hexdigest()
    store.path(digest).parent.mkdir()
    os.mkfifo(store.path(digest))
    with pytest.raises(UsageError, match="not a regular file"):
        store.open(digest)


def test_media_itself_may_be_a_link_to_another_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/media").symlink_to(tmp_path / "disk")
    store = BlobStore(tmp_path / "archive")
    store.prepare()
    digest = finished(store, b"picture")
    store.adopt("photo_1.data", sha256=digest, size=7)
    assert (tmp_path / "disk" / digest[:2] / digest[2:]).read_bytes() == b"picture"


def test_a_deleted_blob_is_not_there_and_leaves_no_empty_directory(store: BlobStore) -> None:
    digest = finished(store, b"picture")
    path = store.adopt("photo_1.data", sha256=digest, size=7)
    assert store.delete(digest)
    assert not store.delete(digest)
    assert not path.parent.exists()
    assert store.rehash(digest) is None
    with pytest.raises(NotFound, match="is not there"):
        store.open(digest)


_KILLED = """
import os, signal, sys
from pathlib import Path
from archiver.media.blob_store import BlobStore
def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
BlobStore(Path(sys.argv[1]), step=step).adopt("photo_1.data", sha256=sys.argv[3], size=7)
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_leaves_the_whole_file_in_one_of_the_two_places(
    store: BlobStore, tmp_path: Path, step: str
) -> None:
    digest = finished(store, b"picture")
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), step, digest], check=False)
    assert killed.returncode == -9
    assert len(store.list_partial()) + len(list(store.list_blobs())) == 1
    if store.list_partial():
        store.adopt("photo_1.data", sha256=digest, size=7)
    assert store.rehash(digest) is True

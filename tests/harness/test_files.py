"""A file is written whole or not at all."""

import errno

import pytest

from harness.errors import StorageFault
from harness.files import PARTIAL, atomic_write, cache_root, sha256_file, write_bytes


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "sub" / "file"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"half of the n")
        raise RuntimeError("killed")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "ulimit -f"),
        (errno.ESTALE, "network file system"),
        (errno.EIO, "disk failed"),
    ],
)
def test_a_refusal_is_put_into_words(tmp_path, monkeypatch, code, words):
    def refuse(_):
        raise OSError(code, "refused")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(StorageFault, match=f"a record at .*file: .*{words}"):
        write_bytes(tmp_path / "file", b"x", "a record")
    monkeypatch.undo()
    assert not list(tmp_path.glob(f"{PARTIAL}*"))


def test_what_cannot_be_removed_does_not_hide_why(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "refused")

    monkeypatch.setattr("os.fsync", refuse)
    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(StorageFault, match="read-only"):
        write_bytes(tmp_path / "file", b"x")


def test_a_file_in_the_way_of_a_directory(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(StorageFault, match="a file"):
        write_bytes(tmp_path / "a" / "b", b"x")


def test_checksum(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_file(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "affectbench"

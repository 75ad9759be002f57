"""A file is written whole or not at all."""

import pytest

from harness.files import atomic_write, cache_root, write_bytes


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "sub" / "file"
    write_bytes(path, b"old")
    with pytest.raises(RuntimeError), atomic_write(path) as file:
        file.write(b"half of the n")
        raise RuntimeError("killed")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_the_cache_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "affectbench"

"""Files in pieces come back as they were, and damage is named."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carl.pieces import pieces_list, read_pieces, remove_pieces, size_in_bytes, write_pieces
from harness.errors import StorageFault, UsageError


def names(directory):
    return sorted(path.name for path in directory.iterdir())


@settings(deadline=None)
@given(data=st.binary(max_size=60), limit=st.integers(1, 70))
def test_what_is_written_comes_back(tmp_path_factory, data, limit):
    path = tmp_path_factory.mktemp("pieces") / "state.pt"
    write_pieces(path, data, limit)
    assert read_pieces(path) == data
    sizes = [piece.stat().st_size for piece in path.parent.iterdir() if piece != pieces_list(path)]
    assert len(sizes) == -(-len(data) // limit)
    assert all(0 < size <= limit for size in sizes)


def test_a_shorter_content_leaves_no_old_piece(tmp_path):
    path = tmp_path / "state.pt"
    (tmp_path / "state.pt.other").write_text("not ours")
    write_pieces(path, b"a" * 100, 10)
    write_pieces(path, b"b" * 15, 10)
    assert len(names(tmp_path)) == 4
    assert read_pieces(path) == b"b" * 15
    remove_pieces(path)
    assert names(tmp_path) == ["state.pt.other"]
    remove_pieces(tmp_path / "never" / "state.pt")


def test_a_writer_that_is_killed_leaves_the_content_before_it(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    write_pieces(path, b"first" * 10, 20)

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("carl.pieces.write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        write_pieces(path, b"second" * 10, 20)
    assert read_pieces(path) == b"first" * 10


def test_a_changed_or_missing_piece_is_named(tmp_path):
    path = tmp_path / "state.pt"
    write_pieces(path, bytes(range(50)), 20)
    second = sorted(piece for piece in tmp_path.iterdir() if piece != pieces_list(path))[1]
    kept = second.read_bytes()
    second.write_bytes(kept[:-1] + b"?")
    with pytest.raises(StorageFault, match=f"{second.name} was changed"):
        read_pieces(path)
    second.unlink()
    with pytest.raises(StorageFault, match=f"{second.name} cannot be read"):
        read_pieces(path)


def test_a_damaged_list_is_named(tmp_path):
    path = tmp_path / "state.pt"
    with pytest.raises(StorageFault, match=r"state\.pt\.pieces\.json cannot be read"):
        read_pieces(path)
    write_pieces(path, bytes(range(50)), 20)
    content = json.loads(pieces_list(path).read_text())
    pieces_list(path).write_text(json.dumps({**content, "pieces": content["pieces"][:1]}))
    with pytest.raises(StorageFault, match="do not make the whole"):
        read_pieces(path)
    pieces_list(path).write_text("[]")
    with pytest.raises(StorageFault, match="no list of pieces"):
        read_pieces(path)


def test_the_list_cannot_name_a_file_elsewhere(tmp_path):
    path = tmp_path / "inner" / "state.pt"
    write_pieces(path, b"abc", 20)
    content = json.loads(pieces_list(path).read_text())
    (tmp_path / "outside").write_bytes(b"abc")
    content["pieces"][0]["name"] = "../outside"
    pieces_list(path).write_text(json.dumps(content))
    with pytest.raises(StorageFault, match="outside cannot be read"):
        read_pieces(path)


@pytest.mark.parametrize("size", ["0", "16 cats", "-1", "", "1.5MB"])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(UsageError, match="is no size"):
        size_in_bytes(size)


def test_a_piece_has_at_least_a_byte(tmp_path):
    with pytest.raises(UsageError, match="at least 1 byte"):
        write_pieces(tmp_path / "state.pt", b"abc", 0)

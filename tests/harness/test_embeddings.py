"""The embedding cache: what is stored is found again, and damage is noticed."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.embeddings import EmbeddingStore, text_key
from harness.files import PARTIAL

FACTS = {"fingerprint": "abc", "pooling": "cls", "max_length": 128, "dtype": "float32", "backend": "x"}


def vectors_of(texts):
    """A vector that follows from the text alone."""
    return np.array([np.frombuffer(text_key(t), dtype=np.uint8) / 7 for t in texts], dtype=np.float32).reshape(-1, 16)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.lists(st.text(max_size=6), unique=True, min_size=1, max_size=8), max_size=6))
def test_whatever_is_added_in_any_order_is_found_by_a_later_process(tmp_path_factory, parts):
    directory = tmp_path_factory.mktemp("cache")
    space = EmbeddingStore(directory).space(FACTS)
    for part in parts:
        new = space.missing(part)
        if new:
            space.add(new, vectors_of(new))
    texts = [text for part in parts for text in part]
    for reader in (space, EmbeddingStore(directory).space(FACTS)):
        assert reader.missing(texts) == []
        if texts:
            np.testing.assert_array_equal(reader.gather(texts + texts[:1]), vectors_of(texts + texts[:1]))


@pytest.mark.parametrize(
    "change",
    [{"fingerprint": "abd"}, {"pooling": "mean"}, {"max_length": 512}, {"dtype": "bfloat16"}, {"backend": "y"}],
    ids=lambda change: next(iter(change)),
)
def test_anything_that_decides_a_vector_has_a_space_of_its_own(tmp_path, change):
    store = EmbeddingStore(tmp_path)
    store.space(FACTS).add(["a"], vectors_of(["a"]))
    assert store.space({**FACTS, **change}).missing(["a"]) == ["a"]
    assert store.space(dict(reversed(FACTS.items()))).missing(["a"]) == []


def shard_files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.suffix in (".npy", ".json"))


@pytest.mark.parametrize("damage", ["flip", "truncate", "index", "no vectors", "wrong width"])
def test_a_damaged_shard_is_removed_and_its_texts_are_encoded_again(tmp_path, damage):
    space = EmbeddingStore(tmp_path).space(FACTS)
    space.add(["a", "b"], vectors_of(["a", "b"]))
    space.add(["c"], vectors_of(["c"]))
    index = next(p for p in shard_files(tmp_path) if p.suffix == ".json" and json.loads(p.read_text())["rows"] == 2)
    vectors = index.with_suffix(".npy")
    raw = bytearray(vectors.read_bytes())
    if damage == "flip":
        raw[-3] ^= 1
        vectors.write_bytes(raw)
    elif damage == "truncate":
        vectors.write_bytes(raw[:-8])
    elif damage == "index":
        index.write_text(index.read_text()[:-20])
    elif damage == "no vectors":
        vectors.unlink()
    else:
        import hashlib

        np.save(vectors, np.zeros((3, 16), dtype=np.float32))
        facts = json.loads(index.read_text())
        facts["sha256"] = hashlib.sha256(vectors.read_bytes()).hexdigest()
        index.write_text(json.dumps(facts))
    with pytest.warns(UserWarning, match="damaged"):
        again = EmbeddingStore(tmp_path).space(FACTS)
    assert again.missing(["a", "b", "c"]) == ["a", "b"]
    assert not index.exists()
    assert not vectors.exists()


def test_an_unfinished_shard_is_not_seen(tmp_path):
    space = EmbeddingStore(tmp_path).space(FACTS)
    space.add(["a"], vectors_of(["a"]))
    directory = shard_files(tmp_path)[0].parent
    np.save(directory / "0123.npy", vectors_of(["b"]))
    (directory / f"{PARTIAL}77-0456.json").write_text("{")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert EmbeddingStore(tmp_path).space(FACTS).missing(["a", "b"]) == ["b"]


def test_a_cache_that_cannot_be_written_keeps_vectors_in_memory_and_says_so(tmp_path):
    (tmp_path / "embeddings").write_text("a file stands where the directory should be")
    space = EmbeddingStore(tmp_path).space(FACTS)
    with pytest.warns(UserWarning, match="in memory"):
        space.add(["a"], vectors_of(["a"]))
    space.add(["b"], vectors_of(["b"]))
    np.testing.assert_array_equal(space.gather(["b", "a"]), vectors_of(["b", "a"]))


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    import errno

    def full(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    space = EmbeddingStore(tmp_path).space(FACTS)
    monkeypatch.setattr("os.fsync", lambda fd: full(fd))
    with pytest.warns(UserWarning, match="disk is full"):
        space.add(["a"], vectors_of(["a"]))
    monkeypatch.undo()
    assert space.missing(["a"]) == []
    assert not [p for p in tmp_path.rglob("*") if p.name.startswith(PARTIAL)]
    assert EmbeddingStore(tmp_path).space(FACTS).missing(["a"]) == ["a"]


def test_fresh_reads_nothing_and_still_writes(tmp_path):
    EmbeddingStore(tmp_path).space(FACTS).add(["a"], vectors_of(["a"]))
    fresh = EmbeddingStore(tmp_path, fresh=True).space(FACTS)
    assert fresh.missing(["a"]) == ["a"]
    fresh.add(["b"], vectors_of(["b"]))
    assert EmbeddingStore(tmp_path).space(FACTS).missing(["a", "b"]) == []


def test_vectors_on_disk_are_read_as_memory_maps(tmp_path):
    space = EmbeddingStore(tmp_path).space(FACTS)
    space.add(["a"], vectors_of(["a"]))
    (shard,) = space._shards
    assert not shard.flags.owndata
    assert not shard.flags.writeable


def descriptors() -> list[int]:
    """Numbers of the files that this process holds open."""
    return [int(path.name) for path in Path("/proc/self/fd").iterdir()]


def test_more_shards_than_a_process_may_open_files(tmp_path):
    resource = pytest.importorskip("resource")
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not list open files")
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = descriptors()
    names = [f"text {number}" for number in range(max(opened) + 60)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(opened) + 20, usual[1]))
    try:
        space = EmbeddingStore(tmp_path).space(FACTS)
        for name in names:
            space.add([name], vectors_of([name]))
        for reader in (space, EmbeddingStore(tmp_path).space(FACTS)):
            assert len(reader._shards) == len(names)
            np.testing.assert_array_equal(reader.gather(names), vectors_of(names))
        assert len(descriptors()) <= len(opened)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_maps_outlive_their_files(tmp_path):
    space = EmbeddingStore(tmp_path).space(FACTS)
    space.add(["a", "b"], vectors_of(["a", "b"]))
    for path in shard_files(tmp_path):
        path.unlink()
    np.testing.assert_array_equal(space.gather(["b"]), vectors_of(["b"]))


def test_an_encoder_s_vectors_can_be_forgotten_and_no_others(tmp_path):
    store, texts = EmbeddingStore(tmp_path), ["a kind word", "rain"]
    for facts in (FACTS, {**FACTS, "max_length": 64}, {**FACTS, "fingerprint": "other"}):
        store.space(facts).add(texts, vectors_of(texts))
    assert store.forget("abc") == 2
    assert store.space(FACTS).missing(texts) == texts
    assert EmbeddingStore(tmp_path).space({**FACTS, "fingerprint": "other"}).missing(texts) == []
    assert store.forget("abc") == 0


def test_shards_that_another_process_finished_are_taken_in_when_asked(tmp_path):
    space, other = (EmbeddingStore(tmp_path).space(FACTS) for _ in range(2))
    other.add(["a"], vectors_of(["a"]))
    assert space.missing(["a"]) == ["a"]
    space.refresh()
    assert space.missing(["a"]) == []
    np.testing.assert_array_equal(space.gather(["a"]), vectors_of(["a"]))


def test_a_fresh_space_takes_in_only_what_was_finished_since(tmp_path):
    EmbeddingStore(tmp_path).space(FACTS).add(["a"], vectors_of(["a"]))
    fresh, other = EmbeddingStore(tmp_path, fresh=True).space(FACTS), EmbeddingStore(tmp_path).space(FACTS)
    other.add(["b"], vectors_of(["b"]))
    fresh.refresh()
    assert fresh.missing(["a", "b"]) == ["a"]


def test_two_processes_whose_vectors_differ_by_a_bit_write_files_of_their_own(tmp_path):
    one, two = (EmbeddingStore(tmp_path).space(FACTS) for _ in range(2))
    one.add(["a"], vectors_of(["a"]))
    two.add(["a"], np.nextafter(vectors_of(["a"]), np.float32(1)))
    assert len(shard_files(tmp_path)) == 4
    assert EmbeddingStore(tmp_path).space(FACTS).missing(["a"]) == []


def test_a_shard_of_before_names_held_the_vectors_is_read(tmp_path):
    import hashlib

    EmbeddingStore(tmp_path).space(FACTS).add(["a"], vectors_of(["a"]))
    for path in shard_files(tmp_path):
        path.rename(path.with_stem(hashlib.blake2b(text_key("a"), digest_size=12).hexdigest()))
    assert EmbeddingStore(tmp_path).space(FACTS).missing(["a"]) == []


def test_a_flipped_key_is_found_though_the_vectors_are_whole(tmp_path):
    EmbeddingStore(tmp_path).space(FACTS).add(["a"], vectors_of(["a"]))
    (index,) = (path for path in shard_files(tmp_path) if path.suffix == ".json")
    facts = json.loads(index.read_text())
    facts["keys"] = text_key("b").hex()
    index.write_text(json.dumps(facts))
    with pytest.warns(UserWarning, match="damaged"):
        assert EmbeddingStore(tmp_path).space(FACTS).missing(["b"]) == ["b"]


def test_a_shard_that_cannot_be_read_just_now_is_not_removed(tmp_path, monkeypatch):
    EmbeddingStore(tmp_path).space(FACTS).add(["a"], vectors_of(["a"]))

    def refuse(path):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("harness.embeddings.sha256_file", refuse)
    with pytest.warns(UserWarning, match="cannot be read"):
        assert EmbeddingStore(tmp_path).space(FACTS).missing(["a"]) == ["a"]
    monkeypatch.undo()
    assert EmbeddingStore(tmp_path).space(FACTS).missing(["a"]) == []


def test_a_damaged_description_of_a_space_is_written_again(tmp_path):
    store = EmbeddingStore(tmp_path)
    store.space(FACTS).add(["a"], vectors_of(["a"]))
    (description,) = tmp_path.rglob("space.txt")
    before = description.read_bytes()
    description.write_bytes(b"\xff" + before[1:])
    EmbeddingStore(tmp_path).space(FACTS)
    assert description.read_bytes() == before


def test_a_cache_that_vanishes_while_it_is_written_leaves_vectors_in_memory(tmp_path, monkeypatch):
    import shutil

    from harness import embeddings

    def then_vanish(path, content, purpose):
        write_text(path, content, purpose)
        if path.suffix == ".json":
            shutil.rmtree(tmp_path)

    write_text = embeddings.write_text
    monkeypatch.setattr(embeddings, "write_text", then_vanish)
    space = EmbeddingStore(tmp_path).space(FACTS)
    with pytest.warns(UserWarning, match=r"cannot be read back.*in memory"):
        space.add(["a"], vectors_of(["a"]))
    np.testing.assert_array_equal(space.gather(["a"]), vectors_of(["a"]))

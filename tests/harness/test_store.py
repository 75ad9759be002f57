"""Vectors are found again by exactly what they were made of and from, and by nothing else."""

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import StorageFault
from harness.store import open_space

FACTS = {"fingerprint": "abc", "pooling": "cls", "max_length": 128, "dtype": "float32", "backend": "x", "device": "cpu"}


def vectors(texts):
    rows = [[len(text), sum(map(ord, text)) % 1000, 0.5] for text in texts]
    return np.array(rows, dtype=np.float32).reshape(-1, 3)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=4))
def test_whatever_is_added_in_any_order_is_found_by_a_later_process(tmp_path_factory, parts):
    directory = tmp_path_factory.mktemp("store")
    space = open_space(directory, FACTS)
    for part in parts:
        if missing := space.missing(part):
            space.add(missing, vectors(missing))
    texts = [text for part in parts for text in part] * 2
    for reader in (space, open_space(directory, FACTS)):
        assert reader.missing(texts) == []
        found = reader.gather(texts)
        assert found.shape[0] == len(texts)
        if texts:
            assert np.array_equal(found, vectors(texts))


@pytest.mark.parametrize("change", FACTS)
def test_anything_that_decides_a_vector_has_a_space_of_its_own(tmp_path, change):
    open_space(tmp_path, FACTS).add(["a"], vectors(["a"]))
    assert open_space(tmp_path, {**FACTS, change: "other"}).missing(["a"]) == ["a"]
    assert open_space(tmp_path, dict(reversed(FACTS.items()))).missing(["a"]) == []


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "another model's"])
def test_a_damaged_or_foreign_shard_is_removed_and_its_texts_are_encoded_again(tmp_path, damage):
    space = open_space(tmp_path, FACTS)
    space.add(["a", "b"], vectors(["a", "b"]))
    (path,) = space.directory.glob("*.safetensors")
    if damage == "another model's":
        other = open_space(tmp_path, {**FACTS, "fingerprint": "another"})
        other.add(["a", "b"], vectors(["b", "a"]))
        path.unlink()
        (foreign,) = other.directory.glob("*.safetensors")
        shutil.copy(foreign, space.directory)
    else:
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes({"flip": bytes(raw), "truncate": bytes(raw[:-5]), "empty": b""}[damage])
    with pytest.warns(UserWarning, match="computed again"):
        later = open_space(tmp_path, FACTS)
    assert later.missing(["a", "b"]) == ["a", "b"]
    later.add(["a", "b"], vectors(["a", "b"]))
    assert np.array_equal(open_space(tmp_path, FACTS).gather(["a", "b"]), vectors(["a", "b"]))


def test_a_shard_that_vanishes_during_a_run_is_named(tmp_path):
    space = open_space(tmp_path, FACTS)
    space.add(["a"], vectors(["a"]))
    shutil.rmtree(space.directory)
    with pytest.raises(StorageFault, match="run again"):
        space.gather(["a"])


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "embeddings").write_text("a file")
    with pytest.raises(StorageFault, match="--cache-dir"):
        open_space(tmp_path, FACTS).add(["a"], vectors(["a"]))


def test_fresh_reads_nothing_and_still_writes(tmp_path):
    open_space(tmp_path, FACTS).add(["a"], vectors(["a"]))
    fresh = open_space(tmp_path, FACTS, fresh=True)
    assert fresh.missing(["a"]) == ["a"]
    fresh.add(["a", "b"], vectors(["a", "b"]))
    assert open_space(tmp_path, FACTS).missing(["a", "b"]) == []


def test_shards_that_another_process_finished_are_taken_in_when_asked(tmp_path):
    here, there = (open_space(tmp_path, FACTS) for _ in range(2))
    there.add(["a"], vectors(["a"]))
    there.describe({"parameters": 7})
    assert here.missing(["a"]) == ["a"]
    here.refresh()
    assert here.missing(["a"]) == []
    assert here.description == {"parameters": 7}

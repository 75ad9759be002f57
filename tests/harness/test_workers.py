"""Encoding by several processes: the same vectors, in parts, and no process is left behind."""

import multiprocessing
import os
import time
from dataclasses import replace

import numpy as np
import pytest

from baselines.lexicon import Lexicon
from harness import workers
from harness.errors import EncoderFault
from harness.workers import EncodingPool, encoded_here, portable, processes_for

PARTS = [["a mild rain", "never again"], ["so late", "kind and warm"], ["a train"]]


def test_workers_give_the_same_vectors_and_end_when_closed():
    encoder = Lexicon()
    here = {tuple(part): vectors for part, vectors, _ in encoded_here(encoder, PARTS)}
    pool = EncodingPool(encoder, 2)
    started = time.perf_counter()
    found = {tuple(part): (vectors, seconds) for part, vectors, seconds in pool.encode(PARTS)}
    waited = time.perf_counter() - started
    assert found.keys() == here.keys()
    for part, (vectors, _) in found.items():
        assert np.array_equal(vectors, here[part])
    assert sum(seconds for _, seconds in found.values()) <= waited
    children = multiprocessing.active_children()
    assert children
    pool.close()
    for child in children:
        # The pool's own thread may collect the child first; for a moment it then looks alive from here.
        deadline = time.monotonic() + 30
        while child.is_alive() and time.monotonic() < deadline:
            child.join(0.1)
        assert not child.is_alive()


def test_a_worker_that_dies_is_named_with_the_way_out(monkeypatch):
    pool = EncodingPool(Lexicon(), 1)
    monkeypatch.setattr(workers, "_encode", _die)
    with pytest.raises(EncoderFault, match="--processes 1"):
        list(pool.encode([["a"]]))
    pool.close()


def test_workers_have_one_thread():
    pool = EncodingPool(Lexicon(), 1)
    list(pool.encode([["a"]]))
    seen = pool._executor.submit(os.getenv, "OMP_NUM_THREADS").result()
    pool.close()
    assert seen == "1"


def _die(texts):
    os._exit(3)


def test_only_encoders_that_another_process_can_make_are_portable():
    assert portable(Lexicon())
    local = type("Local", (), {"card": Lexicon.card, "encode": None, "__module__": "bench_plugin_vowels"})
    assert not portable(local())
    holder = Lexicon()
    holder.lock = lambda: None
    assert not portable(holder)


@pytest.mark.parametrize(
    ("characters", "parameters", "device", "cores", "memory", "expected"),
    [
        (10_000_000, 22_000_000, "cpu", 2, 64, 2),
        (10_000, 22_000_000, "cpu", 2, 64, 1),
        (10_000_000, 22_000_000, "cuda", 2, 64, 1),
        (10_000_000, 22_000_000, "cpu", 64, 64, 8),
        (10_000_000, 340_000_000, "cpu", 8, 12, 2),
        (10_000_000, 340_000_000, "cpu", 8, 1, 1),
        (10_000_000, None, "cpu", 4, 64, 4),
    ],
)
def test_one_process_a_core_where_it_pays_and_memory_allows(
    monkeypatch, characters, parameters, device, cores, memory, expected
):
    monkeypatch.setattr(workers, "cores", lambda: cores)
    monkeypatch.setattr(workers, "free_memory", lambda: memory * 2**30)
    encoder = Lexicon()
    encoder.card = replace(Lexicon.card, parameters=parameters)
    assert processes_for(encoder, characters, device=device) == expected


def test_cores_and_memory_are_those_of_this_machine():
    assert workers.cores() >= 1
    assert workers.free_memory() > 2**20

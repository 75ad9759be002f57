"""Encoding by several processes: the same vectors, in parts, and no process is left behind."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from baselines.lexicon import Lexicon
from harness import workers
from harness.errors import EncoderFault
from harness.workers import EncodingPool, encoded_here, gpus_for, portable, processes_for

PARTS = [["a mild rain", "never again"], ["so late", "kind and warm"], ["a train"]]
TEXTS = [text for part in PARTS for text in part]


class Dying(Lexicon):
    """Kills its process, once."""

    mark = ""

    def encode(self, texts):
        if not Path(self.mark).exists():
            Path(self.mark).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts)


class Small(Lexicon):
    """Takes so many texts at once."""

    error: Exception

    def __init__(self, most=2):
        super().__init__()
        self.most = most
        self.asked = []

    def encode(self, texts):
        self.asked.append(len(texts))
        if len(texts) > self.most:
            raise self.error
        return super().encode(texts)


def _device(seconds):
    time.sleep(seconds)
    return workers._worker["encoder"].device


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


@pytest.mark.parametrize(
    ("characters", "device", "gpus", "expected"),
    [
        (1_000_000_000, "cuda", 4, ("cuda:0", "cuda:1", "cuda:2", "cuda:3")),
        (1_000_000_000, "cuda", 1, ()),
        (1_000_000_000, "cuda:1", 4, ()),
        (1_000_000_000, "cpu", 4, ()),
        (1_000_000, "cuda", 4, ()),
    ],
)
def test_one_process_for_each_visible_gpu_where_it_pays(monkeypatch, characters, device, gpus, expected):
    monkeypatch.setattr(workers, "visible_gpus", lambda: gpus)
    encoder = Lexicon()
    encoder.card = replace(Lexicon.card, parameters=100_000_000)
    # An encoder that knows no device cannot be told to take another.
    assert gpus_for(encoder, characters, device=device) == ()
    encoder.device = None
    assert gpus_for(encoder, characters, device=device) == expected


def test_each_process_has_a_device_of_its_own():
    pool = EncodingPool(Lexicon(), 2, devices=("cuda:0", "cuda:1"))
    list(pool.encode(PARTS))
    jobs = [pool._executor.submit(_device, 1.0) for _ in range(2)]
    seen = {job.result() for job in jobs}
    pool.close()
    assert seen <= {"cuda:0", "cuda:1"}
    assert seen


def test_a_process_that_dies_once_changes_nothing(tmp_path):
    encoder = Dying()
    encoder.mark = str(tmp_path / "died")
    pool = EncodingPool(encoder, 2)
    found = {tuple(part): vectors for part, vectors, _ in pool.encode(PARTS)}
    pool.close()
    here = {tuple(part): Lexicon().encode(part) for part in PARTS}
    assert found.keys() == here.keys()
    assert all(np.array_equal(found[part], here[part]) for part in here)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] can't allocate memory")])
def test_texts_that_are_too_many_for_the_memory_are_encoded_by_halves(error):
    encoder = Small()
    encoder.error = error
    (found,) = [vectors for _, vectors, _ in encoded_here(encoder, [TEXTS])]
    assert np.array_equal(found, Lexicon().encode(TEXTS))
    assert encoder.asked == [5, 2, 3, 1, 2]


def test_what_fails_for_another_reason_is_not_tried_again():
    encoder = Small()
    encoder.error = RuntimeError("kaput")
    with pytest.raises(RuntimeError, match="kaput"):
        list(encoded_here(encoder, [TEXTS]))
    assert encoder.asked == [5]


def test_a_single_text_that_is_too_long_for_the_memory_fails():
    encoder = Small(most=0)
    encoder.error = MemoryError()
    with pytest.raises(MemoryError):
        list(encoded_here(encoder, [TEXTS]))


def test_cores_and_memory_are_those_of_this_machine():
    assert workers.cores() >= 1
    assert workers.free_memory() > 2**20

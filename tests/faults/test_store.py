"""Any interleaving of processes that write into a store, read it, and are killed: what is read is what was written."""

import shutil
import warnings
from dataclasses import replace
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from harness import embeddings, record
from harness.embeddings import EmbeddingStore, text_key
from harness.errors import RecordInvalid
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore

FAULTS = settings.get_profile("faults")
FACTS = {"fingerprint": "abc", "pooling": "cls"}
TEXTS = [f"text {number}" for number in range(12)]

texts = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6)
which = st.integers(0, 3)


class Killed(BaseException):
    """Stands for the end of a process."""


def vectors_of(some):
    return np.array([np.frombuffer(text_key(text), dtype=np.uint8) for text in some], dtype=np.float32).reshape(-1, 16)


class Store(RuleBasedStateMachine):
    """Processes, each with a space of its own on the same directory."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory
        self.spaces = []
        self.finished = set()
        # Whether bytes reach the disk before the power fails is not the subject, and costs most of the time.
        self.patch = mock.patch("os.fsync", lambda _: None)
        self.patch.start()

    def teardown(self):
        self.patch.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def space(self, number):
        return self.spaces[number % len(self.spaces)]

    @precondition(lambda self: len(self.spaces) < 4)
    @rule()
    def a_process_starts(self):
        self.spaces.append(EmbeddingStore(self.directory).space(FACTS))
        assert self.finished.isdisjoint(self.spaces[-1].missing(TEXTS))

    @precondition(lambda self: self.spaces)
    @rule(number=which, some=texts)
    def one_encodes(self, number, some):
        space = self.space(number)
        missing = space.missing(some)
        if missing:
            space.add(missing, vectors_of(missing))
            self.finished.update(missing)
        np.testing.assert_array_equal(space.gather(some), vectors_of(some))

    @precondition(lambda self: len(self.spaces) > 1)
    @rule(number=which, some=texts)
    def one_encodes_while_the_others_look(self, number, some):
        space = self.space(number)
        others = [other for other in self.spaces if other is not space]

        def then_look(write):
            def both(*arguments):
                for other in others:
                    other.refresh()
                write(*arguments)
                for other in others:
                    other.refresh()

            return both

        with (
            mock.patch.object(embeddings, "write_bytes", then_look(embeddings.write_bytes)),
            mock.patch.object(embeddings, "write_text", then_look(embeddings.write_text)),
        ):
            self.one_encodes(number, some)

    @precondition(lambda self: self.spaces)
    @rule(number=which, some=texts, writes=st.integers(0, 2))
    def one_is_killed_while_it_writes(self, number, some, writes):
        space = self.space(number)
        missing = space.missing(some)
        if not missing:
            return
        left = [writes]

        def until(write):
            def or_die(*arguments):
                if not left[0]:
                    raise Killed
                left[0] -= 1
                write(*arguments)

            return or_die

        with (
            mock.patch.object(embeddings, "write_bytes", until(embeddings.write_bytes)),
            mock.patch.object(embeddings, "write_text", until(embeddings.write_text)),
        ):
            try:
                space.add(missing, vectors_of(missing))
                self.finished.update(missing)
            except Killed:
                pass
        self.spaces.remove(space)

    @precondition(lambda self: self.spaces)
    @rule(number=which)
    def one_looks_again(self, number):
        space = self.space(number)
        space.refresh()
        assert self.finished.isdisjoint(space.missing(TEXTS))

    @invariant()
    def all_that_a_process_knows_is_right(self):
        for space in self.spaces:
            known = [text for text in TEXTS if text in space]
            if known:
                np.testing.assert_array_equal(space.gather(known), vectors_of(known))


def test_any_interleaving_of_processes(quick_path):
    # A case is a history of many steps.
    histories = settings(settings.get_profile("costly faults"), stateful_step_count=15)
    run_state_machine_as_test(lambda: Store(quick_path / "store"), settings=histories)


RECORD = Record(model=ModelFacts(name="m"), task="t", corpus="c", protocol="p/1", split="test", seed=0, status="ok")

# A writer gives the record a number, and is killed before its first write, its second, or never.
writers = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 1, 2])), min_size=1, max_size=4)


@settings(FAULTS)
@given(writers=writers)
def test_a_record_and_its_predictions_are_of_one_measurement(quick_path, writers):
    directory = quick_path / "one record"
    shutil.rmtree(directory, ignore_errors=True)
    store = ResultStore(directory)
    write_text, torn = record.write_text, False
    for value, lives in writers:
        one = replace(RECORD, metrics={"accuracy": Metric(value / 10)})
        with mock.patch("os.fsync", lambda _: None), mock.patch.object(record, "write_text") as last:
            last.side_effect = write_text if lives == 2 else Killed
            try:
                if lives:
                    store.save(one, {"predicted": np.full(3, value)})
            except Killed:
                pass
        torn = lives == 1 or (torn and not lives)
        try:
            found = store.get(*RECORD.key)
        except RecordInvalid:
            assert torn, "nothing but a kill between the two writes tears them apart"
            continue
        if found is not None:
            predicted = store.predictions(found)["predicted"]
            assert found.metrics["accuracy"].value == predicted[0] / 10


@settings(FAULTS)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), which=st.integers(0, 2))
def test_a_flipped_bit_of_a_shard_is_never_read(quick_path, place, bit, which):
    directory = quick_path / "one shard"
    shutil.rmtree(directory, ignore_errors=True)
    with mock.patch("os.fsync", lambda _: None):
        EmbeddingStore(directory).space(FACTS).add(TEXTS, vectors_of(TEXTS))
    path = sorted(path for path in directory.rglob("*") if path.is_file())[which]
    raw = bytearray(path.read_bytes())
    raw[int(place * len(raw))] ^= 1 << bit
    path.write_bytes(raw)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        space = EmbeddingStore(directory).space(FACTS)
    known = [text for text in TEXTS if text in space]
    assert known or "damaged" in str(caught[0].message)
    assert path.suffix != ".npy" or not known
    if known:
        np.testing.assert_array_equal(space.gather(known), vectors_of(known))

"""Training texts of plugins are looked up in the tasks of the sample, and numbers recomputed without them."""

from pathlib import Path

import numpy as np
import pytest

from harness.contamination import text_hash
from harness.corpora import CorpusRegistry
from harness.record import ModelFacts, Record, ResultStore
from harness.registry import find_encoder, select_tasks
from harness.statistics.scores import metrics_of
from harness.text_check import check_contamination

TASK = "polarity/sample/senteval-lr/1"

PLUGIN = """
import numpy as np

from harness import EncoderCard
from harness.errors import WeightsInvalid, WeightsMissing


class Mine:
    card = EncoderCard(name="mine", family="floor", training_data=("mr",))

    def encode(self, texts):
        return np.zeros((len(texts), 2), dtype=np.float32)

    def training_text_hashes(self):
        return frozenset({hashes!r})


class Part(Mine):
    card = EncoderCard(name="part", family="floor", training_data=("sample:train",))

    def training_text_hashes(self):
        return None


class Silent(Mine):
    card = EncoderCard(name="silent", family="floor", training_data=None)

    def training_text_hashes(self):
        raise WeightsMissing("they are elsewhere")


class Broken(Mine):
    def training_text_hashes(self):
        raise WeightsInvalid("the list is damaged")
"""


@pytest.fixture(scope="module")
def texts():
    task = select_tasks("sample", [TASK])[TASK]
    prepared = task.prepare(CorpusRegistry(None, Path("unused"), offline=True))
    return list(prepared.texts[-prepared.scored :]), prepared.fingerprint


@pytest.fixture
def plugins(tmp_path, texts):
    file = tmp_path / "plugin.py"
    file.write_text(PLUGIN.format(hashes=[text_hash(text) for text in texts[0][10:40]]), "utf-8")
    return lambda name: find_encoder(f"{file}:{name}")


@pytest.fixture
def check(tmp_path):
    """Evidence on a plugin, and the directory of its results."""

    def found(plugin, *files):
        given = {"training_texts": {plugin.name: files}, "results_dir": tmp_path / "r", "cache_dir": tmp_path / "c"}
        (entry,) = check_contamination(plugin.name, TASK, suite="sample", **given)
        return entry

    return found, ResultStore(tmp_path / "r")


def measured(store, name, n, data):
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=n).astype(np.int8)
    predictions = {"gold": gold, "predicted": np.where(rng.random(n) < 0.7, gold, 1 - gold).astype(np.int8)}
    record = Record(
        model=ModelFacts(name=name, fingerprint="f"),
        task="polarity",
        corpus="sample",
        protocol="senteval-lr/1",
        split="test",
        seed=0,
        status="ok",
        data=data,
        metrics=metrics_of(predictions, ["accuracy"]),
    )
    store.save(record, predictions)
    return record, predictions


def test_results_of_a_model_that_has_no_name_here_do_not_hide_others(check, plugins, texts):
    store = check[1]
    mine = plugins("Mine")
    for name in ("given-by-its-directory", mine.name):
        measured(store, name, len(texts[0]), "data")
    with pytest.warns(UserWarning, match="not compared, nothing is known .*: given-by-its-directory"):
        (entry,) = check_contamination((), TASK, suite="sample", results_dir=store.directory)
    assert entry.model == mine.name


def test_a_shipped_list_is_looked_up_row_by_row(check, plugins, texts):
    entry = check[0](plugins("Mine"))
    hashes = {text_hash(text) for text in texts[0][10:40]}
    expected = [text_hash(text) in hashes for text in texts[0]]
    assert entry.shared_rows.tolist() == expected
    assert entry.rows == len(texts[0])
    assert entry.state == "overlap"
    (match,) = entry.contamination["matches"]
    assert match["basis"] == "text"
    assert match["counts"]["normal"] == sum(expected)
    assert entry.contamination["texts"] == {"compared": [f"texts of {plugins('Mine').name}"], "not_compared": {}}
    assert (entry.fingerprint, entry.full, entry.clean, entry.remark) == ("", {}, {}, "")


def test_numbers_on_the_clean_rows_are_those_of_the_predictions(check, plugins, texts):
    record, predictions = measured(check[1], plugins("Mine").name, len(texts[0]), texts[1])
    entry = check[0](plugins("Mine"))
    assert (entry.fingerprint, entry.data) == ("f", texts[1])
    assert entry.full == record.metrics
    rows = ~entry.shared_rows
    clean = entry.clean["accuracy"]
    assert clean.value == pytest.approx((predictions["gold"] == predictions["predicted"])[rows].mean())
    assert entry.clean == metrics_of(predictions, ["accuracy"], rows)
    assert clean.low < clean.value < clean.high
    assert entry.applies_to(record)


def test_undeclared_data_stays_unknown_until_a_text_is_found(check, plugins, texts, tmp_path):
    silent = plugins("Silent")
    assert check[0](silent).state == "unknown"
    (file := tmp_path / "file").write_text("\n".join(texts[0][:5]), "utf-8")
    shared = check[0](silent, file)
    assert (shared.state, shared.contamination["basis"]) == ("overlap", "text")


def test_a_part_of_a_plugins_corpus_is_read_and_a_broken_list_is_named(check, plugins):
    assert check[0](plugins("Part")).contamination["texts"] == {"compared": ["sample:train"], "not_compared": {}}
    broken = plugins("Broken")
    assert (
        check[0](broken).contamination["texts"]["not_compared"][f"the list of {broken.name}"] == "the list is damaged"
    )

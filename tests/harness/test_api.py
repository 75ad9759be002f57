"""Scripts and notebooks get in one call what the command line gives: results as frames, tables, comparisons."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from affectbench_sample import Letters

import harness
from harness.api import INDEX
from harness.encoder import EncoderCard
from harness.errors import DataMissing, UsageError
from harness.record import ModelFacts, Record, ResultStore
from harness.registry import select_tasks

TASKS = ["polarity/sample", "geometry/sample"]


class Words(Letters):
    """The same, and the number of words."""

    card = EncoderCard(name="words", family="floor", training_data=("mr",))

    def encode(self, texts):
        words = np.array([[text.count(" ")] for text in texts], dtype=np.float32).reshape(-1, 1)
        return np.concatenate([super().encode(texts), words], axis=1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("api")


@pytest.fixture(scope="module")
def board(place):
    return harness.run(
        [Letters(), Words()],
        TASKS,
        suite="sample",
        results_dir=place / "results",
        cache_dir=place / "cache",
        quiet=True,
    )


def test_a_run_gives_what_it_measured(board):
    assert board.models == ("letters", "words")
    assert board.tasks == ("polarity/sample/senteval-lr/1", "geometry/sample/ekman6-single/1")
    assert board.failures == ()
    assert [record.status for record in board.records] == ["ok"] * 4


def test_the_frame_has_one_number_a_row(board):
    frame = board.frame
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(frame.index, pd.MultiIndex)
    assert tuple(frame.index.names) == INDEX
    assert frame.index.is_unique
    assert list(frame.columns) == ["value", "low", "high", "seeds", "status", "contamination"]
    assert len(frame) == 2 * (1 + 4)
    accuracy = frame.xs("accuracy", level="metric")
    for record in board.records:
        if record.task == "polarity":
            row = accuracy.xs(record.model.name, level="model").iloc[0]
            number = record.metrics["accuracy"]
            assert (row["value"], row["low"], row["high"]) == (number.value, number.low, number.high)
    assert set(frame["status"]) == {"ok"}


def test_scores_stand_models_against_tasks(board):
    scores = board.scores()
    assert list(scores.index) == ["letters", "words"]
    assert scores.columns.names == ["task", "corpus", "protocol", "metric"]
    assert [column[0] for column in scores.columns] == ["polarity", "geometry"]
    assert scores.notna().all().all()
    uniformity = board.scores("uniformity")
    assert list(uniformity.columns) == [("geometry", "sample", "ekman6-single/1", "uniformity")]
    with pytest.raises(UsageError, match="unknown metric 'acuracy'; did you mean accuracy"):
        board.scores("acuracy")


def test_what_was_measured_is_read_again_and_narrowed(board, place):
    again = harness.Leaderboard.read(place / "results")
    pd.testing.assert_frame_equal(again.frame, board.frame)
    one = harness.Leaderboard.read(place / "results", tasks="polarity", models="words")
    assert (one.models, one.tasks) == (("words",), ("polarity/sample/senteval-lr/1",))
    with pytest.raises(UsageError, match="unknown recorded model 'wrds'; did you mean words"):
        harness.Leaderboard.read(place / "results", models=["wrds"])
    with pytest.raises(UsageError, match="there are no records in"):
        harness.Leaderboard.read(place / "nothing")


def test_models_are_compared_with_intervals(board):
    found = board.compare("letters", "words", tasks=["polarity/sample/senteval-lr/1"])
    (number,) = found.numbers
    values = board.scores()["polarity", "sample", "senteval-lr/1", "accuracy"]
    assert number.difference == pytest.approx(values["words"] - values["letters"])
    assert number.low <= number.difference <= number.high
    assert found.frame.loc[(number.task_id, "accuracy"), "difference"] == number.difference
    assert "words minus letters" in found._repr_html_()
    with pytest.raises(UsageError, match="recorded model"):
        board.compare("letters", "nobody")
    with pytest.raises(UsageError, match="with itself"):
        board.compare("letters", "letters")


def test_an_evaluation_without_a_number_keeps_its_rows(tmp_path):
    record = Record(
        model=ModelFacts(name="m"), task="geometry", corpus="goemotions", protocol="ekman6-mapped/1", split="test",
        seed=0, status="skipped",
    )  # fmt: skip
    tasks = select_tasks("paper", ["geometry"])
    board = harness.Leaderboard([record], store=ResultStore(tmp_path), suite="paper", tasks=tasks)
    assert set(board.frame["status"]) == {"skipped"}
    assert len(board.frame) == len(board.declared["geometry/goemotions/ekman6-mapped/1"])
    assert board.frame["value"].isna().all()
    assert board.scores().isna().all().all()
    assert board.failures == (record,)


def test_the_suite_shown_is_one_with_numbers(tmp_path):
    facts = {"model": ModelFacts(name="m"), "task": "polarity", "split": "cv10", "seed": 0}
    missing = Record(**facts, corpus="mr", protocol="senteval-lr/1", status="data-missing")
    measured = Record(**facts, corpus="ratings-tweets", protocol="sign-kfold10/1", status="ok")
    tasks = select_tasks(None, ["polarity"])
    for records, suite in (([missing, measured], "quick"), ([missing], "paper")):
        board = harness.Leaderboard(records, store=ResultStore(tmp_path), tasks=tasks, suite=None)
        assert board.of_suite().suite == suite


def test_wrong_usage_is_found_before_any_work(tmp_path):
    with pytest.raises(UsageError, match="unknown model 'minilmm'"):
        harness.run("minilmm", "quick", results_dir=tmp_path)
    with pytest.raises(UsageError, match="unknown task"):
        harness.run("lexicon", "polarty", results_dir=tmp_path)
    with pytest.raises(UsageError, match="data_dir: Path does not point to a directory"):
        harness.run("lexicon", "paper", data_dir=tmp_path / "none", results_dir=tmp_path)
    with pytest.raises(UsageError, match=r"weights_dirs\.lexicon"):
        harness.run("lexicon", "quick", weights_dirs={"lexicon": tmp_path / "none"}, results_dir=tmp_path)
    with pytest.raises(UsageError, match="dict is no encoder"):
        harness.run([{}], "quick", results_dir=tmp_path)
    with pytest.raises(UsageError, match="two models are called 'letters'"):
        harness.run([Letters(), Letters()], "quick", results_dir=tmp_path)
    assert not (tmp_path / "records").exists()


class SentenceTransformer:
    """What sentence-transformers' class has: no card, and a method of that name."""

    def encode(self, texts, **_options):
        return Letters().encode(texts)


def test_classes_foreign_models_and_a_limit_are_taken(tmp_path):
    models = [SentenceTransformer(), Letters, "lexicon"]
    board = harness.run(models, "geometry/sample", limit=200, results_dir=tmp_path, cache_dir=tmp_path, quiet=True)
    assert board.models == ("SentenceTransformer", "letters", "lexicon")
    assert [record.details["limit"] for record in board.records] == [200] * 3
    assert "~" in board.table("overview"), "limited numbers are marked, as bench table marks them"
    assert board.frame["value"].notna().all()
    # The whole task is another evaluation.
    (again,) = {record.protocol for record in harness.Leaderboard.read(tmp_path).records}
    assert again == "ekman6-single/1+limit-200"


def test_an_interrupted_run_says_that_the_same_call_goes_on(place, tmp_path):
    class Interrupting(Letters):
        def encode(self, texts):
            if len(texts) > 10:
                raise KeyboardInterrupt
            return super().encode(texts)

    with pytest.raises(KeyboardInterrupt, match=r"interrupted .2 evaluations: 2 not reached"):
        harness.run(Interrupting(), TASKS, suite="sample", results_dir=tmp_path, cache_dir=tmp_path, quiet=True)


def test_listings_are_frames():
    models = harness.list_models()
    assert models.loc["minilm", "family"] == "bert"
    tasks = harness.list_tasks("extended")
    assert tasks.loc["sarcasm/isarcasmeval/tweets-lr/1", "metrics"].startswith("positive.f1")
    assert set(tasks["suites"]) == {"extended"}
    assert set(harness.list_tasks("sample").index) < set(harness.list_tasks().index)


def test_encode_gives_checked_vectors():
    vectors = harness.encode(["glad", ""], "lexicon")
    assert vectors.shape[0] == 2
    assert vectors.dtype == np.float32
    with pytest.raises(UsageError, match="unknown model"):
        harness.encode(["a"], "lexcon")
    for exchanged in (("lexicon", ["glad"]), ("glad", "lexicon")):
        with pytest.raises(TypeError, match="a list of texts first"):
            harness.encode(*exchanged)


def test_contamination_needs_a_corpus(place):
    with pytest.raises(DataMissing, match="none of the scored corpora"):
        harness.check_contamination("lexicon", "polarity/mr", cache_dir=place)


def test_importing_harness_stays_light():
    program = "import sys, harness; print([n for n in ('numpy', 'pandas', 'torch', 'click') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_failure_replaces_no_result(tmp_path):
    class Broken(Letters):
        def encode(self, texts):
            raise OSError("the disk is gone")

    options = {"suite": "sample", "results_dir": tmp_path, "cache_dir": tmp_path / "cache", "quiet": True}
    (record,) = harness.run(Letters(), "geometry/sample", **options).records
    (failed,) = harness.run(Broken(), "geometry/sample", fresh=True, **options).records
    assert failed.status == "failed"
    assert list(ResultStore(tmp_path)) == [record]

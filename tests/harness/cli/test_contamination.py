"""`bench contamination` as a user meets it, on the sample; and the asterisk that follows in `bench table`."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli.compare import contamination
from harness.cli.results import table
from harness.contamination import judge
from harness.corpora import CorpusRegistry
from harness.record import ModelFacts, Record, ResultStore
from harness.registry import select_tasks
from harness.statistics.scores import metrics_of

TASK = "polarity/sample/senteval-lr/1"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Results of the lexicon on one task, and a file with some of its texts."""
    directory = tmp_path_factory.mktemp("contamination")
    library = CorpusRegistry(None, directory / "cache", offline=True)
    texts = [text for split in ("train", "dev", "test") for text in library.load("sample", split).texts]
    (directory / "seen.txt").write_text("\n".join(texts[::9]) + "\n", "utf-8")
    common = ["--results-dir", str(directory / "results"), "--cache-dir", str(directory / "cache")]
    prepared = select_tasks("sample", [TASK])[TASK].prepare(library)
    rng = np.random.default_rng(0)
    gold = rng.integers(2, size=prepared.scored).astype(np.int8)
    predictions = {"gold": gold, "predicted": np.where(rng.random(len(gold)) < 0.7, gold, 1 - gold).astype(np.int8)}
    record = Record(
        model=ModelFacts(name="lexicon", title="Lexicon", fingerprint="f"),
        task="polarity",
        corpus="sample",
        protocol="senteval-lr/1",
        split="test",
        seed=0,
        status="ok",
        data=prepared.fingerprint,
        metrics=metrics_of(predictions, ["accuracy"]),
        contamination=judge((), "sample"),
    )
    ResultStore(directory / "results").save(record, predictions)
    return directory, common, texts[::9]


def bench(*arguments, command=contamination):
    done = CliRunner().invoke(command, [str(a) for a in arguments], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_shared_texts_are_counted_and_numbers_given_without_them(places):
    directory, common, texts = places
    seen = f"lexicon={directory / 'seen.txt'}"
    text = bench("--models", "lexicon", "--tasks", TASK, "--training-texts", seen, *common)
    assert "overlap" in text
    assert "training texts are evaluated" in text
    assert not any(sentence in text for sentence in texts), "no text is printed"
    rows = bench(
        *("--models", "lexicon", "--tasks", TASK, "--training-texts", seen, "--format", "csv"),
        *common,
    )
    (row,) = csv.DictReader(rows.splitlines())
    assert (row["state"], row["basis"], row["metric"]) == ("overlap", "text", "accuracy")
    assert 0 < int(row["shared"]) < int(row["rows"])
    assert float(row["clean_low"]) < float(row["clean_value"]) < float(row["clean_high"])
    assert row["clean_value"] != row["value"]


def test_the_asterisk_follows_from_what_is_written(places):
    directory, common, texts = places
    options = ("--results-dir", directory / "results", "--suite", "sample")
    before = bench(*options, command=table)
    assert "lexicon" not in before.lower().partition("trained on the data set")[2]
    bench(
        *("--models", "lexicon", "--tasks", TASK, "--write"),
        *("--training-texts", f"lexicon={directory / 'seen.txt'}"),
        *common,
    )
    kept = (directory / "results" / "contamination.json").read_text("utf-8")
    assert not any(sentence in kept for sentence in texts), "no text is kept"
    after = bench(*options, command=table)
    assert "*" in after
    bench("--models", "lexicon", "--tasks", TASK, "--write", *common)
    assert bench(*options, command=table) == before

"""The committed tables are those of the committed records, and every record is one of a declared task."""

import subprocess
import sys

import pytest

from carl.card import evaluations_of, model_card
from carl.heads import read_heads
from carl.provenance import read_record
from harness.leaderboard.table import words
from harness.record import ResultStore
from harness.registry import encoder_names, tasks


@pytest.fixture
def store(repository):
    return ResultStore(repository / "results")


def test_every_record_reads_and_belongs_to_a_declared_task_and_model(store):
    known = tasks()
    records = list(store)
    assert records
    for record in records:
        assert record.task_id in known, record.task_id
        assert record.model.name.partition("@")[0] in encoder_names()
        numbers = {name for name in record.metrics if not name.endswith(".ceiling")}
        declared = {name for name in known[record.task_id].metrics if not name.endswith(".ceiling")}
        assert numbers == (declared if record.status == "ok" else set())


def test_every_measured_number_says_what_made_it(store):
    for record in store:
        if record.status == "ok":
            assert record.model.fingerprint
            assert record.data
            assert {"code", "torch", "corpora", "device"} <= set(record.environment)
            assert record.task == "geometry" or store.predictions(record) is not None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("tables.md", ["--suite", "paper", "--format", "markdown", "--intervals"]),
        ("ablations.md", ["V", "--results-dir", "results/ablations", "--format", "markdown", "--intervals"]),
        ("long.csv", ["--format", "csv", "--long"]),
    ],
)
def test_the_committed_tables_are_current(repository, tmp_path, name, arguments):
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "table",
        "--results-dir",
        "results",
        *arguments,
        "-o",
        str(tmp_path / name),
    ]
    subprocess.run(command, cwd=repository, check=True)
    committed = (repository / "results" / name).read_bytes()
    assert (tmp_path / name).read_bytes() == committed, "run `make tables`"


@pytest.mark.parametrize("name", ["carl-minilm", "carl-roberta"])
def test_the_cards_of_our_checkpoints_are_current(repository, name):
    checkpoint = repository / "carl" / "checkpoints" / name
    found = evaluations_of(checkpoint, name, repository / "results")
    assert found, "no record is of the weights that ship"
    card = model_card(read_record(checkpoint), read_heads(checkpoint), found)
    assert (checkpoint / "README.md").read_text("utf-8") == card, "run `make cards`"


def test_tables_say_which_encoders_had_a_word_list(repository):
    names = ("carl-mpnet", "carl-minilm", "carl-roberta")
    records = {name: read_record(repository / "carl" / "checkpoints" / name) for name in names}

    def listed(name):
        return records[name].config["lambda_words"] or ((t := records[name].teacher) is not None and listed(t.name))

    assert {name for name in names if listed(name)} == {name for named in words("remarks").values() for name in named}

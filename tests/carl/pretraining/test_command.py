"""`carl pretrain` from raw text to a checkpoint, on a tiny teacher."""

import json
import os
import signal

import pytest
from click.testing import CliRunner

from carl.cli import carl
from carl.curves import read_curves
from harness.errors import UsageError

SMALL = (
    *("--set", "vocabulary=300", "--set", "tokenizer_texts=500", "--set", "max_length=48", "--set", "rows=6"),
    *("--set", "held_out_rows=4", "--set", "log_every=1", "--set", "evaluate_every=3", "--steps", "4"),
    *("--set", "layers=1", "--set", "hidden=32", "--set", "heads=4", "--set", "intermediate=64", "--device", "cpu"),
)


def run(*arguments):
    result = CliRunner().invoke(carl, ["pretrain", *(str(part) for part in arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def common(corpus_dir, bert_directory):
    return (*SMALL, "--corpus-dir", corpus_dir, "--set", f"teacher={bert_directory}")


def test_stop_and_go_on(common, tmp_path):
    first = run(*common, "--output", tmp_path / "parts", "--until", 2, "--state-pieces", "50kB")
    assert first.exit_code == 0
    assert "training a vocabulary of 300 entries" in first.stderr
    assert "stopped after step 2 of 4" in first.stderr
    second = run(*common, "--output", tmp_path / "parts")
    assert "training a vocabulary" not in second.stderr
    assert "going on from" in second.stderr
    assert second.stdout.strip() == str(tmp_path / "parts")
    run(*common, "--output", tmp_path / "whole")
    written = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("parts", "whole")]
    assert written[0] == written[1]
    assert run(*common, "--output", tmp_path / "parts", "--fresh", "--seed", 3).exit_code == 0


def test_preparation_alone_and_a_given_vocabulary(common, tmp_path):
    prepared = run(*common, "--output", tmp_path / "first", "--prepare-only")
    assert prepared.exit_code == 0
    vocabulary = tmp_path / "first" / "training" / "tokenizer.json"
    assert not (tmp_path / "first" / "training" / "curves.jsonl").exists()
    given = run(*common, "--output", tmp_path / "second", "--tokenizer", vocabulary, "--seed", 5)
    assert "training a vocabulary" not in given.stderr
    written = json.loads((tmp_path / "second" / "tokenizer.json").read_text())
    assert written["model"] == json.loads(vocabulary.read_text())["model"]
    with pytest.raises(UsageError, match="has 300 entries; pass `--set vocabulary=300`"):
        run(*common, "--output", tmp_path / "third", "--tokenizer", vocabulary, "--set", "vocabulary=400")


def test_scratch_reads_no_teacher(common, tmp_path):
    result = run(*common, "--start", "scratch", "--set", "teacher=none-such", "--output", tmp_path, "--until", 1)
    assert result.exit_code == 0
    assert "0.0 million parameters, 4 steps of 6 rows of 48 tokens" in result.stderr
    with pytest.raises(UsageError, match="none-such"):
        run(*common, "--set", "teacher=none-such", "--output", tmp_path / "other")


def test_minutes_end_a_run(common, tmp_path):
    result = run(*common, "--output", tmp_path, "--minutes", "0.0001")
    assert result.exit_code == 0
    assert "stopped after step 1 of 4" in result.stderr
    assert run(*common, "--output", tmp_path, "--minutes", 60).exit_code == 0
    assert [line["step"] for line in read_curves(tmp_path / "training" / "curves.jsonl") if "mlm" in line] == [
        1,
        2,
        3,
        4,
    ]


def test_a_polite_kill_ends_after_the_step(common, tmp_path, monkeypatch):
    said = []

    def say(line):
        said.append(line)
        if line.startswith("step 2/4"):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("carl.commands.pretrain._say", say)
    before = signal.getsignal(signal.SIGTERM)
    assert run(*common, "--output", tmp_path).exit_code == 130
    assert signal.getsignal(signal.SIGTERM) == before
    assert said[-1].startswith("stopped after step 2 of 4")


def test_sizes_of_pieces_are_checked(common, tmp_path):
    with pytest.raises(UsageError, match="is no size"):
        run(*common, "--output", tmp_path, "--state-pieces", "16 things")

"""From labelled texts to predictions with the command line alone: train, ship, predict."""

import json

import pytest
from click.testing import CliRunner

from carl.cli import carl
from harness.errors import WeightsMissing


def run(*arguments):
    result = CliRunner().invoke(carl, [str(part) for part in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_train_ship_predict(affect_library, bert_directory, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.corpora.CorpusRegistry.load", lambda self, *names: affect_library.load(*names))
    monkeypatch.setattr("harness.tasks.emotion_rows.C_GRID", (0.01, 0.1))
    folder, store = tmp_path / "run", tmp_path / "checkpoints"
    small = [f"--set={one}" for one in ("batch=16", "max_length=32", "projection_hidden=32", "projection_size=16")]
    line = ("train", "--config", "carl-minilm", f"--set=backbone={bert_directory}", *small, "--set=sources=emobank")
    line = (*line, "--steps", 4, "--development", "none", "--device", "cpu", "--output", folder)
    run(*line, "--until", 2)
    with pytest.raises(WeightsMissing, match="holds no finished run"):
        run("ship", folder, "--name", "mine", "--to", store, "--device", "cpu")
    assert not store.exists()
    run(*line)
    done = run("ship", folder, "--name", "mine", "--to", store, "--device", "cpu")
    assert done.stdout.strip() == str(store / "mine")
    assert "emotion/goemotions/ekman6-mapped/1: 200 texts; test (60): accuracy" in done.stderr
    record = json.loads((store / "mine/training.json").read_text())
    assert record["trained_on"] is None, "the backbone is a folder of which nobody says what it saw"
    said = run("predict", "--model", store / "mine", "--device", "cpu", "the rain was warm", "never")
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["the rain was warm", "never"]
    assert rows[0]["emotions"] != rows[1]["emotions"]
    plot = tmp_path / "plane.svg"
    drawn = run("predict", "--model", store / "mine", "--device", "cpu", "--plot", plot, "the rain was warm", "never")
    assert drawn.stderr.strip() == str(plot)
    assert plot.read_bytes().startswith(b"<?xml")

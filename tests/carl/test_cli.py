"""The command line from end to end, on a tiny backbone and made-up corpora."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from carl.cli import carl
from carl.curves import read_curves
from harness.corpora.base import Examples
from harness.errors import UsageError

SMALL = (
    *("--set", "batch=16", "--set", "max_length=32", "--set", "projection_hidden=32", "--set", "projection_size=16"),
    *("--set", "sources=emobank", "--set", "log_every=1", "--set", "evaluate_every=3", "--steps", "6"),
)


@pytest.fixture
def corpora(monkeypatch, source, other_source):
    """EmoBank and GoEmotions of made-up sentences."""
    valence = {"train": source, "dev": other_source.select(range(64)), "test": other_source.select(range(64, 70))}

    def load(self, name, split):
        part = valence["test" if split == "all" else split]
        if name == "goemotions":
            return Examples(
                texts=part.texts,
                ids=tuple(map(str, range(len(part)))),
                labels={"emotions": np.stack([part.labels[:, 0] > 0, part.labels[:, 0] <= 0], axis=1)},
                classes=("joy", "anger"),
            )
        if name in ("sst5", "mr"):
            classes = np.digitize(part.labels[:, 0], (-0.6, -0.2, 0.2, 0.6))
            return Examples(
                texts=part.texts,
                ids=tuple(map(str, range(len(part)))),
                labels={"label": classes},
                classes=("very negative", "negative", "neutral", "positive", "very positive"),
            )
        assert name == "emobank"
        ratings = np.nan_to_num(part.labels.astype(np.float64)) * 2 + 3
        prefix = {"train": "", "dev": "never ", "test": "late "}[split]
        return Examples(
            texts=tuple(f"{prefix}{text}" for text in part.texts),
            ids=tuple(map(str, range(len(part)))),
            labels={"valence": ratings[:, 0], "arousal": ratings[:, 1]},
            scales={"valence": (1.0, 5.0), "arousal": (1.0, 5.0)},
        )

    monkeypatch.setattr("harness.corpora.CorpusRegistry.load", load)
    real = __import__("harness.corpora.goemotions", fromlist=["ekman"])

    def two_classes(examples):
        emotions = examples.labels["emotions"]
        return real.EkmanRows(np.arange(len(emotions)), emotions.argmax(axis=1).astype(np.int64), examples.classes)

    monkeypatch.setattr(real, "ekman", two_classes)


def run(*arguments):
    result = CliRunner().invoke(carl, [str(part) for part in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_train_stop_and_go_on(corpora, bert_directory, tmp_path):
    common = ("train", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    first = run(*common, "--output", tmp_path / "run", "--until", 2)
    assert first.exit_code == 0
    assert "stopped after step 2 of 6" in first.stderr
    second = run(*common, "--output", tmp_path / "run")
    assert second.exit_code == 0
    assert "going on from" in second.stderr
    assert second.stdout.strip() == str(tmp_path / "run")
    run(*common, "--output", tmp_path / "whole")
    written = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("run", "whole")]
    assert written[0] == written[1]
    lines = read_curves(tmp_path / "run/training/curves.jsonl")
    looks = [line for line in lines if "dev_emotion_f1" in line]
    assert [line["step"] for line in looks] == [0, 3, 6]
    for line in looks:
        parts = ("dev_valence_r", "dev_arousal_r", "dev_emotion_f1", "dev_sst5_accuracy")
        assert line["score"] == pytest.approx(np.mean([line[part] for part in parts]))
        assert 0 <= line["dev_emotion_accuracy"] <= 1


def test_a_polite_kill_ends_after_the_step_and_the_same_line_goes_on(corpora, bert_directory, tmp_path, monkeypatch):
    common = ("train", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    said = []

    def say(line):
        said.append(line)
        if line.startswith("step 2/6"):
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("carl.commands.train._say", say)
    before = signal.getsignal(signal.SIGTERM)
    assert run(*common, "--output", tmp_path).exit_code == 130
    assert signal.getsignal(signal.SIGTERM) == before
    assert said[-1].startswith("stopped after step 2 of 6")
    assert not (tmp_path / "model.safetensors").exists()
    monkeypatch.setattr("carl.commands.train._say", said.append)
    assert run(*common, "--output", tmp_path).exit_code == 0
    assert (tmp_path / "model.safetensors").exists()


def test_fresh_begins_again(corpora, bert_directory, tmp_path):
    common = ("train", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    common = (*common, "--output", tmp_path, "--development", "none")
    run(*common, "--until", 2)
    with pytest.raises(UsageError, match=r"another configuration \(seed differ"):
        run(*common, "--seed", 4)
    assert run(*common, "--seed", 4, "--fresh").exit_code == 0
    assert "The last step is shipped" in (tmp_path / "README.md").read_text()


def test_emobank_alone_may_choose(corpora, bert_directory, tmp_path):
    common = ("train", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    run(*common, "--output", tmp_path, "--development", "emobank", "--set", "evaluate_every=6")
    looks = [line for line in read_curves(tmp_path / "training/curves.jsonl") if "score" in line]
    assert [line["step"] for line in looks] == [0, 6]
    assert "dev_emotion_f1" not in looks[0]


def test_minutes_pieces_and_the_figure(corpora, bert_directory, tmp_path):
    common = ("train", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    common = (*common, "--output", tmp_path, "--development", "none", "--state-pieces", "100kB")
    first = run(*common, "--minutes", "1e-9")
    assert first.exit_code == 0
    assert "stopped after step 0 of 6" in first.stderr
    pieces = list((tmp_path / "training").glob("state.pt.*-*"))
    assert len(pieces) > 1
    assert max(piece.stat().st_size for piece in pieces) <= 100_000
    second = run(*common, "--minutes", "60")
    assert "going on from" in second.stderr
    assert (tmp_path / "model.safetensors").is_file()
    assert "Losses" in (tmp_path / "training/curves.svg").read_text()


def test_ablations_are_listed_run_and_gone_on_with(corpora, bert_directory, tmp_path):
    common = ("ablate", "--config", "carl-minilm", "--set", f"backbone={bert_directory}", *SMALL, "--device", "cpu")
    common = (*common, "--arms", "full,no-ptd,cosine", "--seeds", 1, "--development-only", "--output", tmp_path)
    listed = run(*common, "--dry-run")
    assert listed.stdout.split()[:3] == ["before", "score", "the"]
    assert "no-ptd-s0  train               lambda_ptd=0.0" in listed.stdout
    assert "cosine is the same as full" in listed.stdout
    assert not (tmp_path / "runs").exists()
    done = run(*common)
    assert done.exit_code == 0
    assert done.stdout == (tmp_path / "ablation.md").read_text()
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()[2:7]][2:] == ["before", "full", "no-ptd"]
    runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(line["arm"], line["status"]) for line in runs] == [("before", "ok"), ("full", "ok"), ("no-ptd", "ok")]
    looks = [line for line in read_curves(tmp_path / "runs/full-s0/training/curves.jsonl") if "score" in line]
    assert runs[0]["development"]["score"] == pytest.approx(looks[0]["score"], abs=1e-6)
    assert runs[1]["development"]["score"] == max(line["score"] for line in looks[1:])
    assert (tmp_path / "ablation.csv").read_text().count("\n") == 4
    again = run(*common, "--minutes", 60)
    assert "step" not in again.stderr
    assert again.stdout == done.stdout
    assert run(*common, "--dry-run").stdout.count("finished") == 3


def test_configurations_are_listed_and_printed():
    assert "carl-minilm-plus" in run("configs").stdout.splitlines()
    assert '"lambda_ptd": 0.0' in run("configs", "paper-no-ptd").stdout


def test_a_backbone_of_another_kind_is_refused(corpora, tmp_path):
    with pytest.raises(UsageError, match="lexicon is no encoder"):
        run("train", "--config", "carl-minilm", "--set", "backbone=lexicon", *SMALL, "--output", tmp_path)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["ablate", "--help"], ["curves", "--help"], ["configs"]]
)
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\nfrom carl.cli import carl\n"
        f"carl.main({arguments!r}, standalone_mode=False)\n"
        "print([m for m in ('torch', 'numpy', 'sklearn', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_errors_are_one_line_with_an_exit_code():
    done = subprocess.run(
        [sys.executable, "-m", "carl.cli", "train", "--config", "carl-none"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown configuration 'carl-none'")
    assert "Traceback" not in done.stderr

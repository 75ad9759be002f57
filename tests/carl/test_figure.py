"""The figure of the training curves."""

import json
import sys

import pytest
from click.testing import CliRunner

from carl.cli import carl
from carl.figure import check_figure, draw_curves
from harness.errors import ExtraMissing, UsageError

pytest.importorskip("matplotlib")


def lines():
    training = [
        {
            **{"step": step, "seconds": float(step), "loss": 5 / step, "mccl": 6 / step, "ptd": 0.2, "spread": 0.9},
            **{"auc_attacked": 0.7, "auc_clean": None, "share_changed": 1.0, "perturbation": 0.5},
            **{"effective_rank": 20.0, "learning_rate": 1e-5, "momentum": 0.99, "target_moved": step / 20},
        }
        for step in range(1, 11)
    ]
    looks = [{"step": step, "seconds": 0.0, "dev_valence_r": 0.5, "score": 0.4 + 0.01 * step} for step in (0, 5, 10)]
    return sorted([*training, *looks], key=lambda line: line["step"])


def words(path):
    return path.read_text()


def test_every_panel_is_drawn_with_its_words(tmp_path):
    path = tmp_path / "curves.svg"
    draw_curves(path, lines(), title="a run of ours")
    for word in (
        *("a run of ours", "Losses", "MCCL", "Detector: area under the ROC curve", "training, attacked"),
        *("share of selected values changed", "momentum m(k)", "share moved from its start", "Effective rank"),
        *("Deviation per dimension", "Learning rate", "Development data", "valence r", "step 10"),
    ):
        assert word in words(path), word
    assert "training, clean" not in words(path)
    assert "arousal r" not in words(path)


def test_panels_without_measurements_are_left_out(tmp_path):
    draw_curves(tmp_path / "a.svg", [{"step": 1, "seconds": 1.0, "mccl": 0.0}], title="short")
    assert "Losses" in words(tmp_path / "a.svg")
    assert "Development" not in words(tmp_path / "a.svg")
    with pytest.raises(UsageError, match="no curves to draw for nothing"):
        draw_curves(tmp_path / "b.svg", [{"step": 1, "seconds": 1.0}], title="nothing")


def test_the_same_curves_give_the_same_file(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw_curves(tmp_path / name, lines(), title="same")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_the_command_draws_a_run(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training/curves.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines()))
    done = CliRunner().invoke(carl, ["curves", str(tmp_path)], catch_exceptions=False)
    assert done.stdout.strip() == str(tmp_path / "training/curves.svg")
    CliRunner().invoke(carl, ["curves", str(tmp_path), "-o", str(tmp_path / "c.png")], catch_exceptions=False)
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"has no training/curves\.jsonl"):
        CliRunner().invoke(carl, ["curves", str(tmp_path / "training")], catch_exceptions=False)


def test_what_cannot_be_drawn_is_said_first(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"\.svg, \.png or \.pdf"):
        check_figure(tmp_path / "curves.gif")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"affectbench\[figures\]"):
        check_figure(tmp_path / "curves.svg")

"""`carl recipes`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from carl.backbone import Start
from carl.cli import carl
from carl.recipes.catalogue import recipe, recipes
from carl.recipes.data import Shelf
from carl.recipes.recipe import GROUPS, KINDS
from harness.errors import UsageError


def test_recipes_are_complete() -> None:
    for one in recipes(as_released=True):
        assert one.group in GROUPS
        assert one.data in KINDS
        assert one.citation
        assert bool(one.labels_of) == (one.group == GROUPS[-1])
        if one.objective is not None:
            assert one.objective_class().__doc__
    wanted = (
        "mlm electra simcse bert-pt bert-pt-squad sentibert sentix sentilare senticse scapt emo sacl transfer "
        "multitask carl"
    )
    assert {one.name for one in recipes()} == {*wanted.split()}
    with pytest.raises(UsageError, match="did you mean sentix"):
        recipe("sentx")


def test_list_and_dry_run_read_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = CliRunner().invoke(carl, ["recipes", "list"])
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.output.splitlines()] == [one.name for one in recipes(as_released=True)]
    planned = CliRunner().invoke(carl, ["recipes", "sweep", "--dry-run", "--without", "sacl,carl"])
    assert planned.exit_code == 0
    names = [line.split() for line in planned.stdout.splitlines()]
    assert ["recipe-mlm-minilm", "train"] in names
    assert len(names) == len(recipes()) - 3
    assert "bert-pt-squad: left out, it needs squad/train-v1.1.json" in planned.stderr
    (tmp_path / "squad").mkdir()
    (tmp_path / "squad" / "train-v1.1.json").touch()
    planned = CliRunner().invoke(carl, ["recipes", "sweep", "--dry-run", "--data-dir", str(tmp_path)])
    assert len(planned.stdout.splitlines()) == len(recipes())


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys; from carl.recipes.catalogue import recipes; recipes(); import carl.recipes.plugins; "
        "print([m for m in ('torch', 'transformers', 'pandas', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_training_from_the_command_line(
    shelf: Callable[[Start], Shelf], bert: Start, bert_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("carl.recipes.data.Shelf", lambda library, corpus_dir, start: shelf(start))
    line = ["recipes", "train", "transfer,mlm", "--backbone-dir", str(bert_directory), "--budget", "16", "--batch", "8"]
    line += ["--max-length", "24", "--device", "cpu", "--precision", "float32", "--cache-dir", str(tmp_path / "cache")]
    stopped = CliRunner().invoke(carl, [*line, "--until", "1"])
    assert stopped.exit_code == 0, stopped.output
    assert "not finished: transfer, mlm" in stopped.output
    done = CliRunner().invoke(carl, line)
    assert done.exit_code == 0, done.output
    assert "going on" in done.output
    for name in ("transfer", "mlm"):
        assert (tmp_path / "runs" / "recipes" / f"{name}-minilm" / "model.safetensors").is_file()


def test_unknown_recipes_are_refused() -> None:
    found = CliRunner().invoke(carl, ["recipes", "train", "nobody"])
    assert isinstance(found.exception, UsageError)

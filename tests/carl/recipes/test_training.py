"""Runs of recipes: one loop, one budget, exact resumption, and the encoders that come of it."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file
from transformers import AutoModel

from carl.commands import measure
from carl.provenance import RUN_RECORD, RunRecord
from carl.recipes.catalogue import GROUPS, RecipeConfig, recipe, recipes
from carl.recipes.cli import recipes as command
from carl.recipes.data import Folders
from carl.recipes.encoders import recipe_encoder
from carl.recipes.training import RecipeRun, is_finished, operations
from harness.errors import UsageError, WeightsMissing
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore

CONFIG = RecipeConfig(
    recipe="mlm", texts=32, passes=1.5, batch=8, max_length=24, precision="float32", log_every=1, save_every=2
)


def made(name: str, folders: Folders, backbone: Path, runs: Path, **changes: Any) -> RecipeRun:
    return RecipeRun(RecipeConfig(**{**CONFIG.model_dump(), "recipe": name, **changes}), folders, runs, backbone)


@pytest.mark.parametrize("name", [one.name for one in recipes()])
def test_every_recipe_trains_the_encoder(
    name: str, folders: Folders, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    run = made(name, folders, checkpoints["bert"], tmp_path)
    assert run.trainer.run()
    run.write()
    before, after = (load_file(folder / "model.safetensors") for folder in (checkpoints["bert"], run.output))
    for key in ("encoder.layer.0.output.dense.weight", "encoder.layer.1.attention.self.value.weight"):
        assert 1e-5 < np.abs(after[key].astype(np.float32) - before[key]).max() < 0.2
    record = run.record()
    assert record["step"] == record["steps"]
    assert (
        abs(record["operations"] / run.allowed - 1) <= 0.5 * run.step_cost / run.allowed + 1e-9 or record["steps"] == 1
    )
    assert is_finished(run.output, run.config)
    assert not is_finished(run.output, RecipeConfig(**{**run.config.model_dump(), "texts": 24}))
    assert "our re-training" in (run.output / "README.md").read_text("utf-8").lower()


@pytest.mark.parametrize("kind", ["roberta", "mpnet"])
@pytest.mark.parametrize(
    ("name", "changes"), [("sentilare", {}), ("electra", {"pooling": "mean"}), ("sacl", {"lora_rank": 2})]
)
def test_other_backbones_poolings_and_adapters(
    kind: str, name: str, changes: dict[str, Any], folders: Folders, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    run = made(name, folders, checkpoints[kind], tmp_path, **changes)
    assert run.trainer.run()
    run.write()
    folders_read = (checkpoints[kind], run.output)
    before, after = (AutoModel.from_pretrained(one, dtype=torch.float16).state_dict() for one in folders_read)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("layer.1" in name for name in changed)
    assert "embeddings.word_embeddings.weight" not in changed


@pytest.mark.parametrize("name", ["electra", "simcse", "emo", "carl"])
def test_runs_go_on_bit_by_bit(name: str, folders: Folders, checkpoints: dict[str, Path], tmp_path: Path) -> None:
    whole, *parts = (
        made(name, folders, checkpoints["bert"], tmp_path / runs, passes=20.0 if name == "carl" else 5.0)
        for runs in ("whole", "parts", "parts")
    )
    assert whole.trainer.run()
    assert not parts[0].trainer.run(until=2)
    assert parts[1].trainer.run()
    one, two = (run.trainer.objective.moving() for run in (whole, parts[1]))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_operations_are_those_of_the_matrix_products() -> None:
    weight = torch.ones(5, 7, requires_grad=True)

    def work(number: int) -> None:
        (torch.ones(3 + number, 5) @ weight).sum().backward()  # type: ignore[no-untyped-call]

    # Forward 2·n·5·7 and the gradient by the weight as many, for n = 3 and 4.
    assert operations(work, 2) == 2 * 2 * 3.5 * 5 * 7


def test_encoders_read_what_was_trained(
    folders: Folders, checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for pooling in ("cls", "mean"):
        run = made("transfer", folders, checkpoints["bert"], Path("runs/recipes"), pooling=pooling, seed=1)
        run.trainer.run()
        run.write()
    kind = recipe_encoder("transfer", "minilm", 1)
    assert kind.card.family == "recipe-evaluated"
    assert kind.card.training_data is not None
    assert "goemotions:train" in kind.card.training_data
    first, mean = (kind(pooling=pooling, device="cpu") for pooling in ("cls", "mean"))
    assert (first.directory().name, mean.directory().name) == ("transfer-minilm-s1", "transfer-minilm@mean-s1")
    assert first.encode(["the rain was glad", ""]).shape == (2, 32)
    with pytest.raises(WeightsMissing):
        recipe_encoder("transfer", "minilm")(device="cpu").directory()


def test_recipes_are_complete() -> None:
    for one in recipes():
        assert one.group in GROUPS
        assert bool(one.labels_of) == (one.group == GROUPS[-1])
        assert not one.objective or one.heads().__doc__
    with pytest.raises(UsageError, match="did you mean sentix"):
        recipe("sentx")
    with pytest.raises(UsageError):
        RecipeConfig(recipe="mlm", texts=15, batch=8)
    listed = CliRunner().invoke(command, ["list"])
    assert [line.split()[0] for line in listed.output.splitlines()] == [one.name for one in recipes()]


def test_listing_imports_no_torch() -> None:
    code = (
        "import sys; import carl.recipes.encoders, carl.recipes.cli; "
        "print([m for m in ('torch', 'transformers', 'pandas', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.slow
def test_training_from_the_command_line(
    folders: Folders, checkpoints: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.corpora.registry.CorpusRegistry", lambda *_, **__: folders.library)
    line = ["train", "transfer,mlm", "--seeds", "0,1", "--budget", "16", "--batch", "8", "--max-length", "24", "--cpu"]
    line += ["--backbone-dir", checkpoints["bert"], "--data-dir", tmp_path, "--output", tmp_path / "runs"]
    stopped = CliRunner().invoke(command, list(map(str, [*line, "--until", "1"])))
    assert stopped.exit_code == 0, stopped.output
    done = CliRunner().invoke(command, list(map(str, line)))
    assert done.exit_code == 0, done.output
    folders_made = {path.name for path in (tmp_path / "runs").iterdir() if (path / "model.safetensors").is_file()}
    assert folders_made == {f"{name}-minilm-s{seed}" for name in ("transfer", "mlm") for seed in (0, 1)}
    assert "mlm-minilm-s1: finished" in CliRunner().invoke(command, list(map(str, line))).output


def test_measured_records_carry_the_seed_of_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evaluation = {"task": "polarity", "corpus": "cr", "protocol": "senteval-compat/1", "split": "cv10"}
    records = [
        Record(
            model=ModelFacts(name="recipe-mlm-minilm", fingerprint="of one seed"),
            status="ok",
            metrics={"accuracy": Metric(0.8)},
            seed=seed,
            **evaluation,
        )
        for seed in (0, 1)
    ]

    def run(encoder: Any, *, results_dir: Path, tasks: Any, **_: Any) -> Any:
        assert list(tasks) == ["polarity/cr"]
        for record in records:
            ResultStore(results_dir).save(record)
        return SimpleNamespace(records=records)

    monkeypatch.setattr("harness.api.run", run)
    runs = []
    for seed in (0, 2):
        config = RecipeConfig(recipe="mlm", pooling="mean", seed=seed)
        runs.append(tmp_path / config.folder)
        runs[-1].mkdir()
        made = RunRecord(name=config.name, config=config.as_dict(), sources=(), step=1, steps=1)
        (runs[-1] / RUN_RECORD).write_text(made.model_dump_json())
    done = CliRunner().invoke(measure, [*map(str, runs), "-t", "polarity/cr", "--results-dir", "all"])
    assert done.exit_code == 0, (done.output, done.exception)
    found = {(one.model.name, one.seed, one.model.fingerprint) for one in ResultStore(Path("all"))}
    assert found == {("recipe-mlm-minilm@mean", seed, "") for seed in (0, 2, 1000, 1002)}

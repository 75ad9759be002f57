"""From a run to a checkpoint that others use: its files, its card, its heads, and `carl predict`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from scipy.special import softmax
from sklearn.linear_model import LinearRegression
from transformers import AutoModel, AutoTokenizer

from carl.cli import carl
from carl.heads import fit_heads, load_predictor, read_heads
from carl.provenance import read_record
from carl.recipes.encoders import encoder_of_run
from carl.run import Folders, Run, backbone
from carl.ship import ship
from harness.errors import DataInvalid, DataMissing, ExtraMissing, UsageError, WeightsInvalid, WeightsMissing
from harness.registry import find_encoder

TEXTS = ["The rain was WARM, and we are glad!", "never again", "", "a café so fine 😀", "late " * 60, "never again"]


def run(*arguments, lines=None):
    result = CliRunner().invoke(carl, list(map(str, arguments)), input=lines)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def trained(folder, library, *settings):
    """A run of two steps."""
    from carl.config import Config

    small = ["batch=16", "steps=2", "max_length=32", "projection_hidden=32", "projection_size=16", "lambda_words=0"]
    base = Config(name="carl-minilm", sources=("emobank",), mixture=(0, 0, 0), precision="float32")
    made = Run(base.changed([*small, *settings]), library, Folders(folder, folder.parent), development=False)
    assert made.trainer.run()
    made.write()
    return made


@pytest.fixture(scope="session")
def finished(backbones, library, tmp_path_factory):
    """Two runs: a whole BERT, and an adapter over MPNet."""
    kinds = {"bert": ["lora_rank=0", "pooling=cls"], "mpnet": ["lora_rank=4"]}
    return {
        kind: trained(tmp_path_factory.mktemp("run") / kind, library, f"backbone={backbones[kind]}", *settings)
        for kind, settings in kinds.items()
    }


@pytest.fixture(scope="session")
def shipped(finished, library, tmp_path_factory):
    return ship(finished["bert"].folders.output, "mine", library, tmp_path_factory.mktemp("checkpoints"))


def test_the_folder_is_whole(shipped):
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()}
    assert {"README.md", "model.safetensors", "tokenizer.json", "training.json", "training_texts.txt"} <= names
    assert {"heads/heads.json", "heads/heads.safetensors", "modules.json", "1_Pooling/config.json"} <= names
    assert not [name for name in names if name.startswith("training/")]
    assert [path.name for path in shipped.parent.iterdir()] == ["mine"]


def test_weights_lie_in_float16_and_every_library_gives_the_same_vectors(shipped):
    from sentence_transformers import SentenceTransformer

    assert {tensor.dtype for tensor in load_file(shipped / "model.safetensors").values()} == {torch.float16}
    ours = find_encoder(f"hf:{shipped}").create(device="cpu").encode(TEXTS)
    with torch.no_grad():
        tokens = AutoTokenizer.from_pretrained(shipped)(TEXTS, padding=True, truncation=True, return_tensors="pt")
        theirs = AutoModel.from_pretrained(shipped, dtype=torch.float32).eval()(**tokens).last_hidden_state[:, 0]
    assert ours == pytest.approx(theirs.numpy(), abs=1e-5)
    vectors = SentenceTransformer(str(shipped), device="cpu", model_kwargs={"dtype": "float32"}).encode(TEXTS)
    assert vectors == pytest.approx(ours, abs=1e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_gives_the_vectors_that_were_trained(finished, backbones):
    made = finished["mpnet"]
    names = {path.name for path in made.folders.output.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors"} <= names
    assert "model.safetensors" not in names
    from peft import PeftModel

    made.objective.networks.eval()
    trained = made.encode(made.objective.encoder, TEXTS[:4])
    tokens = made.tokenizer(TEXTS[:4], padding=True, truncation=True, max_length=32, return_tensors="pt")
    model = PeftModel.from_pretrained(AutoModel.from_pretrained(backbones["mpnet"]), made.folders.output).eval()
    with torch.no_grad():
        states = model(tokens["input_ids"], tokens["attention_mask"]).last_hidden_state
    mask = tokens["attention_mask"][..., None]
    assert ((states * mask).sum(1) / mask.sum(1)).numpy() == pytest.approx(trained, abs=1e-3)


def test_the_record_and_the_card_say_what_stands_behind_the_weights(shipped):
    record = read_record(shipped)
    assert (record.name, record.shipped_as, record.trained_on) == ("carl-minilm", "mine", None)
    assert [source.name for source in record.sources] == ["emobank:train"]
    card = (shipped / "README.md").read_text()
    assert "| `lambda_ptd`: λ2 of (11)" in card
    heads = read_heads(shipped)
    for score in (*heads.affect.facts.scores.values(), *heads.emotion.facts.scores.values()):
        assert f"{score.value:.4f}" in card


def test_shipping_again_replaces_all_of_it_and_unfinished_runs_do_not_ship(finished, shipped, library, tmp_path):
    with pytest.raises(UsageError, match="may not be called"):
        ship(finished["bert"].folders.output, "../mine", library, tmp_path)
    with pytest.raises(WeightsMissing, match="no finished run"):
        ship(tmp_path, "mine", library, tmp_path / "checkpoints")
    target = ship(finished["bert"].folders.output, "mine", library, tmp_path)
    (target / "left-over.txt").write_text("")
    assert ship(finished["bert"].folders.output, "mine", library, tmp_path) == target
    assert not (target / "left-over.txt").exists()


def test_records_that_are_none_are_refused(tmp_path):
    for content in ("", "[]", '{"name": "x"}', '{"name": 3, "config": {}, "sources": [], "step": 1, "steps": 1}'):
        (tmp_path / "training.json").write_text(content)
        with pytest.raises(WeightsInvalid, match=r"training\.json"):
            read_record(tmp_path)


def test_the_checkpoints_of_this_package_are_declared():
    for name in ("carl-minilm", "carl-roberta", "roberta-small"):
        card = find_encoder(name).card
        assert card.parameters is not None
        assert 15e6 < card.parameters < 30e6
        assert card.training_data is not None


# Heads


def vectors_of(texts):
    """Made-up vectors of 12 numbers: a few things that can be counted in a text."""
    words = ("glad", "kind", "warm", "fine", "awful", "cold", "late", "unkind", "rain", "train", "very")
    return np.array([[len(text) / 50, *(text.count(word) for word in words)] for text in texts], np.float32)


def test_affect_is_least_squares(library):
    head = fit_heads(vectors_of, library).affect
    train, test = library.load("emobank", "train"), library.load("emobank", "test")
    gold = np.stack([(train.labels[name] - 3) / 2 for name in ("valence", "arousal")], axis=1)
    reference = LinearRegression().fit(vectors_of(train.texts).astype(np.float64), gold)
    assert head(vectors_of(test.texts)) == pytest.approx(reference.predict(vectors_of(test.texts)), abs=1e-5)


def test_heads_of_other_weights_or_damaged_ones_are_refused(shipped, tmp_path):
    for path in shipped.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(shipped)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes() + (b" " if path.name == "model.safetensors" else b""))
    with pytest.raises(WeightsInvalid, match="fitted on other weights"):
        load_predictor(str(tmp_path))
    facts = tmp_path / "heads/heads.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "version": 9}))
    with pytest.raises(WeightsInvalid, match="cannot be read"):
        load_predictor(str(tmp_path))


# Predictions


def rows(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def predictor(shipped):
    return load_predictor(str(shipped), device="cpu")


def test_predictions_are_those_of_the_heads_and_do_not_depend_on_other_texts(shipped, predictor):
    vectors = find_encoder(f"hf:{shipped}").create(device="cpu").encode(TEXTS).astype(np.float64)
    heads = read_heads(shipped)
    together = predictor(TEXTS)
    affect = np.clip(vectors @ heads.affect.weight.T + heads.affect.bias, -1, 1)
    assert np.stack([together.valence, together.arousal], 1) == pytest.approx(affect, abs=1e-6)
    logits = vectors @ heads.emotion.weight.T + heads.emotion.bias
    assert together.probabilities == pytest.approx(softmax(logits, axis=1), abs=1e-6)
    for row, text in enumerate(TEXTS):
        assert predictor([text]).valence[0] == pytest.approx(together.valence[row], abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 100])
def test_lines_come_out_in_order_whatever_the_chunk(shipped, predictor, chunk):
    options = ("--model", shipped, "--device", "cpu", "--chunk", chunk)
    found = rows(run("predict", *options, lines="\n".join(TEXTS) + "\n"))
    assert [row["text"] for row in found] == TEXTS
    affect = predictor(TEXTS)
    assert [row["valence"] for row in found] == pytest.approx(affect.valence, abs=1e-4)
    assert all(row["emotion"] == max(row["emotions"], key=row["emotions"].get) for row in found)
    named = rows(run("predict", "--model", shipped, "--device", "cpu", *TEXTS[:2]))
    assert [row["valence"] for row in named] == pytest.approx(affect.valence[:2], abs=1e-4)


def test_a_table_for_people(shipped):
    texts = ["glad\tand\x1b[31m so \n", "w" * 400]
    lines = run("predict", "--model", shipped, "--device", "cpu", "--format", "table", *texts).stdout.split("\n")
    assert lines[0].split() == ["valence", "arousal", "emotions", "text"]
    assert lines[1].endswith("  glad and [31m so  ")
    assert lines[2].endswith("w…")
    assert len(lines[2]) <= 80


def test_input_that_is_no_text_is_named(shipped):
    options = ("predict", "--model", shipped, "--device", "cpu")
    with pytest.raises(DataInvalid, match=r"line 2 of standard input is not UTF-8"):
        run(*options, lines=b"fine\nbad \xff byte\n")
    with pytest.raises(DataInvalid, match="text 2 is not UTF-8"):
        run(*options, "fine", os.fsdecode(b"bad \xff"))
    with pytest.raises(DataMissing, match="standard input is empty"):
        run(*options, lines="")
    with pytest.raises(UsageError, match="stands alone"):
        run(*options, "never", "-")


def test_models_without_heads_are_refused(finished):
    with pytest.raises(WeightsMissing, match=r"has no heads"):
        load_predictor(str(finished["bert"].folders.output))
    with pytest.raises(UsageError, match=r"lexicon has no heads"):
        load_predictor("lexicon")
    for other in ("carl-minilm@mean", "carl-minilm@64d", "carl-mpnet@cls"):
        with pytest.raises(UsageError, match="without @POOLING"):
            load_predictor(other)


# The command line


@pytest.mark.slow
def test_train_stop_and_go_on(backbones, library, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.corpora.registry.CorpusRegistry.load", lambda self, *names: library.load(*names))
    settings = [
        *(f"backbone={backbones['bert']}", "batch=16", "max_length=32", "projection_hidden=32", "projection_size=16"),
        *("sources=emobank", "mixture=0,0,0", "lambda_words=0", "lora_rank=0", "log_every=1", "steps=4"),
    ]
    line = ("train", "--config", "carl-mpnet", "--cpu", *(f"--set={one}" for one in settings), "--no-development")
    first = run(*line, "--output", tmp_path / "run", "--until", 2)
    assert "stopped after step 2 of 4" in first.stderr
    assert run(*line, "--output", tmp_path / "run").stdout.strip() == str(tmp_path / "run")
    run(*line, "--output", tmp_path / "whole")
    written = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("run", "whole")]
    assert written[0] == written[1]
    drawn = run("curves", tmp_path / "run", "-o", tmp_path / "curves.svg")
    assert drawn.stdout.strip() == str(tmp_path / "curves.svg")
    with pytest.raises(UsageError, match=r"end it in one of .*svg"):
        run("curves", tmp_path / "run", "-o", tmp_path / "curves.xlsx")
    assert run("ship", tmp_path / "run", "--name", "mine", "--to", tmp_path).stdout.strip() == str(tmp_path / "mine")


@pytest.mark.parametrize("line", ["train --config carl-mpnet", "recipes train mlm", "pretrain --corpus-dir ."])
def test_training_without_its_libraries_says_what_to_install(line, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ExtraMissing, match=r"affectbench\[train\]"):
        run(*line.split())


def test_configurations_are_listed_and_printed():
    assert "carl-minilm-no-ptd" in run("configs").stdout.splitlines()
    assert '"epsilon": 5e-09' in run("configs", "paper").stdout
    with pytest.raises(UsageError, match="lexicon is no transformer"):
        run("train", "--config", "paper", "--cpu", "--set=backbone=lexicon")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom carl.cli import carl\n"
        "for name in ('train', 'predict', 'ship'): carl.main([name, '--help'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'numpy', 'sklearn', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("kind", "name"), [("bert", "carl-minilm-no-ptd"), ("mpnet", "carl-mpnet")])
def test_a_run_is_an_encoder_under_the_name_of_its_configuration(finished, backbones, monkeypatch, kind, name):
    run = finished[kind].folders.output
    record = read_record(run)
    record = record.model_copy(update={"name": name, "config": {**record.config, "backbone": kind}})
    monkeypatch.setattr("carl.recipes.encoders.read_record", lambda _: record)
    monkeypatch.setattr("baselines.packaged.MPNet.directory", lambda _: Path(backbones["mpnet"]))
    encoder = encoder_of_run(run)
    assert (encoder.card.name, encoder.card.family) == (name, "ablation" if kind == "bert" else "mpnet")
    assert "EmoBank" in encoder.card.training_notes
    with torch.no_grad():
        theirs = finished[kind].encode(finished[kind].objective.encoder.eval(), TEXTS[:4])
    assert encoder.encode(TEXTS[:4]) == pytest.approx(theirs, abs=1e-2)  # what ships is rounded to float16


def test_an_adapter_is_measured_shipped_and_read_by_what_it_was_trained_on(backbones, library, tmp_path):
    """By its backbone's class but by the vector that was trained, never by weights that ship under its name."""
    run = trained(tmp_path / "run", library, f"backbone={backbones['bert']}", "pooling=mean", "lora_rank=4")
    encoder = encoder_of_run(tmp_path / "run")
    assert (encoder.adapter_dir, encoder.card.name, encoder.pooling) == (tmp_path / "run", "carl-minilm", "mean")
    theirs = run.encode(run.objective.encoder.eval(), TEXTS[:4])
    assert encoder.encode(TEXTS[:4]) == pytest.approx(theirs, abs=1e-2)
    made = ship(tmp_path / "run", "carl-minilm", library, tmp_path / "shipped")
    heads, vectors = read_heads(made), encoder.encode(TEXTS[:4])
    assert load_predictor(str(made))(TEXTS[:4]).probabilities == pytest.approx(heads.probabilities(vectors), abs=1e-5)


def test_a_folder_of_the_same_name_does_not_hide_an_encoder(tmp_path, monkeypatch):
    for name in ("roberta-small", "carl-minilm"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert backbone("roberta-small")[1].name == "roberta-small"
    assert load_predictor("carl-minilm")(["fine"]).valence.shape == (1,)


def test_what_trained_a_teacher_counts_for_its_students():
    teacher, student = (find_encoder(name).create().training_text_hashes() for name in ("carl-mpnet", "carl-minilm"))
    assert teacher
    assert teacher <= student

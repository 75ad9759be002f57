"""From a finished run to a checkpoint: what is written, who reads it, and what does not ship."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from carl.curves import Curves
from carl.head_fitting import fit_affect
from carl.heads import Head, Heads, read_heads
from carl.prediction import load_predictor
from carl.shipping import read_run, ship
from harness.errors import StorageFault, UsageError, WeightsInvalid, WeightsMissing
from harness.registry import find_encoder


@pytest.fixture
def quick_heads(monkeypatch):
    """Heads that need no fitting."""
    head = Head(
        weight=np.ones((2, 32), np.float32),
        bias=np.zeros(2, np.float32),
        outputs=("valence", "arousal"),
        **{"data": "made up", "protocol": "a/b/c/1", "method": "none", "fitted": 1, "scored": 1, "scores": {}},
    )
    monkeypatch.setattr("carl.shipping._fitted", lambda *_: Heads(affect=head, emotion=head))


TEXTS = ["The rain was WARM, and we are glad!", "never again", "a café so fine 😀", "", "late " * 60]


@pytest.fixture
def run(bert, finished_run, tmp_path):
    return finished_run(tmp_path / "run", bert)


def test_the_folder_is_whole(shipped):
    names = {path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()}
    assert names == {
        *("README.md", "config.json", "model.safetensors", "modules.json", "1_Pooling/config.json"),
        *("sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"),
        *("training.json", "training_texts.txt", "heads/heads.json", "heads/heads.safetensors"),
    }
    assert [path.name for path in shipped.parent.iterdir()] == [shipped.name]


def test_the_record_says_what_stands_behind_the_weights(shipped):
    record = json.loads((shipped / "training.json").read_text())
    assert record["shipped_as"] == shipped.name
    assert record["name"] == "carl-minilm-plus"
    assert record["trained_on"][0] == "emobank:train"
    assert "reddit-comments" in record["trained_on"], "what the backbone was trained on counts as well"


def test_weights_lie_in_float16_and_load_as_float32_everywhere(shipped):
    from transformers import AutoModel, AutoTokenizer

    stored = load_file(shipped / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    model = AutoModel.from_pretrained(shipped).eval()
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    with torch.no_grad():
        tokens = AutoTokenizer.from_pretrained(shipped)(TEXTS, padding=True, truncation=True, return_tensors="pt")
        theirs = model(**tokens).last_hidden_state[:, 0].numpy()
    for spec in (shipped.name, f"hf:{shipped}"):
        encoder = find_encoder(spec).create(weights_dir=shipped, device="cpu")
        assert encoder.encode(TEXTS) == pytest.approx(theirs, abs=1e-5)
        assert encoder.backend.endswith("-packed")
        assert encoder.describe()["dtype"] == "float32"


def test_sentence_transformers_reads_it(shipped):
    library = pytest.importorskip("sentence_transformers")
    vectors = library.SentenceTransformer(str(shipped), device="cpu").encode(TEXTS, show_progress_bar=False)
    assert vectors.dtype == np.float32
    own = find_encoder(shipped.name).create(weights_dir=shipped, device="cpu").encode(TEXTS)
    assert vectors == pytest.approx(own, abs=1e-5)


def test_the_heads_are_those_of_the_shipped_vectors(shipped, affect_library):
    encoder = find_encoder(f"hf:{shipped}").create(device="cpu")
    probe = fit_affect(encoder.encode, affect_library)
    affect = load_predictor(str(shipped), device="cpu")(TEXTS)
    expected = np.clip(probe(encoder.encode(TEXTS)), -1, 1)
    assert np.stack([affect.valence, affect.arousal], axis=1) == pytest.approx(expected, abs=1e-6)
    assert affect.probabilities.sum(axis=1) == pytest.approx(np.ones(len(TEXTS)))


def test_the_card_has_the_heads_scores_and_their_limits(shipped):
    card = (shipped / "README.md").read_text()
    assert f"\n# {shipped.name}\n" in card
    assert "Configuration `carl-minilm-plus`." in card
    heads = read_heads(shipped)
    for head in (heads.affect, heads.emotion):
        assert f"fitted on {head.fitted} texts, scored on {head.scored}" in card
        for score in head.scores.values():
            assert f"| {score.value:.4f} |" in card
    for said in ("Unlike the encoder, this head is fitted on GoEmotions' labels", "no neutral class", "chose nothing"):
        assert said in card
    assert "\n\n\n" not in card


def test_shipping_again_replaces_all_of_it(run, quick_heads, affect_library, tmp_path):
    folder = tmp_path / "checkpoints"
    target = ship(run, "mine", affect_library, folder)
    (target / "left-over.txt").write_text("")
    tensors = load_file(run / "model.safetensors")
    save_file({name: tensor * 0.5 for name, tensor in tensors.items()}, run / "model.safetensors")
    assert ship(run, "mine", affect_library, folder) == target
    assert not (target / "left-over.txt").exists()
    assert (target / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert read_heads(target), "heads are tied to the new weights"
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_failure_leaves_the_former_checkpoint(run, quick_heads, affect_library, tmp_path, monkeypatch):
    folder = tmp_path / "checkpoints"
    target = ship(run, "mine", affect_library, folder)
    before = (target / "README.md").read_bytes()

    def full(source, destination):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(StorageFault, match="disk is full"):
        ship(run, "mine", affect_library, folder)
    assert (target / "README.md").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_pretrained_backbone_ships_without_heads(run, affect_library, tmp_path):
    record = json.loads((run / "training.json").read_text())
    del record["backbone"]
    record |= {
        **{"name": "roberta-small", "start": "transfer", "licence": "Apache-2.0"},
        "teacher": {"name": "minilm", "title": "MiniLM-L6", "licence": "Apache-2.0"},
    }
    (run / "training.json").write_text(json.dumps(record))
    (run / "training_texts.txt").unlink()
    card = (run / "README.md").read_text()
    target = ship(run, "roberta-small", affect_library, tmp_path / "checkpoints", device="cpu")
    assert not (target / "heads").exists()
    assert (target / "README.md").read_text() == card
    assert "reddit-comments" in json.loads((target / "training.json").read_text())["trained_on"]


@pytest.mark.parametrize("name", ["", "../up", "a b", "Carl", ".hidden", "-x", "a/b"])
def test_names_that_are_none(run, affect_library, tmp_path, name):
    with pytest.raises(UsageError, match="may not be called"):
        ship(run, name, affect_library, tmp_path / "checkpoints")


@pytest.mark.parametrize("lacking", ["model.safetensors", "training.json", "1_Pooling/config.json", "README.md"])
def test_what_is_not_finished_is_refused(run, lacking):
    (run / lacking).unlink()
    with pytest.raises(WeightsMissing, match=f"holds no finished run \\(it lacks .*{lacking}.*finish it with the same"):
        read_run(run)


def test_a_run_without_its_texts_is_refused(run):
    (run / "training_texts.txt").unlink()
    with pytest.raises(WeightsMissing, match=r"lacks training_texts\.txt"):
        read_run(run)


def test_a_run_that_began_again_is_not_finished(run):
    curves = Curves(run / "training/curves.jsonl", 0)
    curves.add({"step": 3})
    assert read_run(run)["step"] == 3
    (run / "training/curves.jsonl").write_text('{"step": 1}\n')
    with pytest.raises(WeightsMissing, match=r"is at step 1 of 3; finish it"):
        read_run(run)


def test_a_record_of_half_a_run_is_refused(bert, finished_run, tmp_path):
    run = finished_run(tmp_path, bert, step=2)
    with pytest.raises(WeightsMissing, match=r"is at step 2 of 3"):
        read_run(run)


def test_weights_that_are_too_large_are_refused(run, monkeypatch):
    size = (run / "model.safetensors").stat().st_size
    monkeypatch.setattr("carl.shipping.LARGEST", size)
    read_run(run)
    monkeypatch.setattr("carl.shipping.LARGEST", size - 1)
    with pytest.raises(WeightsInvalid, match=f"has {size:,} bytes; at most {size - 1:,} ship"):
        read_run(run)


def test_float32_weights_and_damaged_ones_are_refused(run):
    path = run / "model.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file({**tensors, name: tensors[name].float()}, path)
    with pytest.raises(WeightsInvalid, match=r"holds tensors of F16, F32; a checkpoint ships in F16"):
        read_run(run)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsInvalid, match="is damaged"):
        read_run(run)

"""The plugins: listed without a checkpoint, clear about a missing one, and true to the one that is there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from baselines.minilm import MiniLM
from carl.normal_form import text_hash
from carl.shipped import CHECKPOINTS, CarlMiniLM, CarlRoBERTa, RoBERTaSmall, card_of
from harness.contamination import judge
from harness.errors import UsageError, WeightsMissing
from harness.registry import find_encoder
from harness.testing import check_encoder

PLUGINS = {"carl-minilm": CarlMiniLM, "carl-roberta": CarlRoBERTa, "roberta-small": RoBERTaSmall}


@pytest.fixture
def no_checkpoints(monkeypatch, tmp_path):
    monkeypatch.setattr("carl.shipped.CHECKPOINTS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PLUGINS)
def test_plugins_are_declared(name):
    plugin = find_encoder(name)
    assert plugin.factory is PLUGINS[name]
    card = plugin.card
    assert card.title
    assert card.licence
    assert card.citation
    assert card.notes
    assert card.training_notes
    assert card.dimensions == 384
    assert card.poolings[0] == card.pooling == "cls"
    assert card.family == PLUGINS[name].layout.architecture


@pytest.mark.parametrize("name", PLUGINS)
def test_a_missing_checkpoint_says_how_to_make_it(no_checkpoints, name):
    encoder = find_encoder(name).create()
    assert encoder.availability()[0] == "weights-missing"
    with pytest.raises(WeightsMissing) as caught:
        encoder.encode(["glad"])
    said = str(caught.value)
    command = "carl pretrain" if name == "roberta-small" else f"`carl train --config {name} --data-dir DATA"
    for part in (name, "no checkpoint of that name", command, f"`carl ship runs/{name} --name {name}"):
        assert part in said
    assert f"`--weights-dir {name}=DIR`" in said
    assert str(no_checkpoints) not in said, "records hold this message, and no folders of the machine"


def test_the_packaged_folder_is_found_by_name(shipped, monkeypatch):
    monkeypatch.setattr("carl.shipped.CHECKPOINTS", shipped.parent)
    encoder = find_encoder(shipped.name).create(device="cpu")
    assert encoder.directory() == shipped
    assert encoder.availability() == ("ready", "")


def test_it_is_an_encoder_of_the_harness(shipped):
    report = check_encoder(find_encoder(shipped.name).create(weights_dir=shipped, device="cpu"))
    assert report.passed, report


def test_the_card_is_that_of_the_checkpoint(shipped):
    plugin = find_encoder(shipped.name)
    encoder = plugin.create(weights_dir=shipped)
    card, config = encoder.card, json.loads((shipped / "config.json").read_text())
    assert (card.name, card.family) == (plugin.card.name, plugin.card.family)
    assert card.dimensions == config["hidden_size"] == 32
    assert card.training_data == ("emobank:train", *MiniLM.card.training_data)
    assert card.base == "minilm"
    assert card.training_notes.startswith("From MiniLM-L6, with all that it was trained on. Made-up texts, 20 texts.")
    encoder.encode(["glad"])
    assert card.parameters == encoder.describe()["parameters"]
    assert card.max_length == encoder.describe()["max_length"]
    assert find_encoder(f"hf:{shipped}").create().effective_max_length() == card.max_length


def test_training_texts_are_told_as_hashes(shipped, finished_run):
    hashes = find_encoder(shipped.name).create(weights_dir=shipped).training_text_hashes()
    assert hashes == frozenset((shipped / "training_texts.txt").read_text().split())
    assert len(hashes) > 1
    assert text_hash("a text that nobody trained on") not in hashes
    for spec in (f"hf:{shipped}", f"st:{shipped}"):
        assert find_encoder(spec).create().training_text_hashes() == hashes


def test_a_checkpoint_without_a_record_is_unknown_and_never_clean(shipped, tmp_path):
    for file in ("config.json", "tokenizer.json"):
        (tmp_path / file).write_bytes((shipped / file).read_bytes())
    for content in (None, "{", '{"name": "x"}', '{"name": "x", "config": 1, "sources": 3, "step": 1, "steps": 1}'):
        if content is not None:
            (tmp_path / "training.json").write_text(content)
        card = card_of(CarlMiniLM.card, tmp_path)
        assert card.training_data is None
        assert judge(card.training_data, "cr").state == "unknown"


def test_a_damaged_configuration_does_not_break_the_card(tmp_path):
    (tmp_path / "config.json").write_text("{")
    assert card_of(CarlMiniLM.card, tmp_path).dimensions == CarlMiniLM.card.dimensions


def test_a_backbone_has_the_licence_of_its_start(shipped, tmp_path):
    record = {
        **{"name": "roberta-small", "config": {"teacher": "minilm"}, "step": 1, "steps": 1, "start": "scratch"},
        **{"teacher": None, "licence": "MIT", "sources": [{"name": "prose", "title": "Novels", "rows": 1200}]},
    }
    (tmp_path / "training.json").write_text(json.dumps(record))
    card = card_of(RoBERTaSmall.card, tmp_path)
    assert (card.licence, card.base, card.training_data) == ("MIT", None, ("prose",))
    assert card.training_notes == "From random weights. Novels, 1,200 texts."


@pytest.mark.parametrize("corpus", ["emobank", "facebook"])
def test_trained_corpora_are_marked_and_evaluated_labels_are_not(corpus):
    """Without a checkpoint as well: the configuration says what it trains on."""
    for plugin in (CarlMiniLM, CarlRoBERTa):
        assert judge(plugin.card.training_data, corpus).state == "overlap"


def test_other_poolings_are_rows_of_their_own():
    assert find_encoder("carl-minilm@mean").name == "carl-minilm@mean"
    with pytest.raises(UsageError, match="has no pooling 'pooler'"):
        find_encoder("carl-minilm@pooler")


def test_checkpoints_lie_in_the_package():
    assert Path("carl", "checkpoints") == CHECKPOINTS.relative_to(Path(sys.modules["carl"].__file__).parents[1])


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, carl.shipped; "
        "print([m for m in ('torch', 'transformers', 'numpy', 'pandas', 'sklearn', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

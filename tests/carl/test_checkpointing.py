"""What a run writes is read by everyone: harness, transformers, sentence-transformers."""

import json

import numpy as np
import pytest
import torch

from carl.batches import collate, special_ids
from carl.checkpointing import read_state, write_checkpoint, write_state
from carl.configurations import configuration
from carl.model import Backbone
from carl.normal_form import text_hash
from carl.trainer import Trainer
from harness.errors import StorageFault, WeightsInvalid
from harness.registry import find_encoder
from harness.transformer.tokenization import encode_ids


@pytest.fixture(scope="module", params=["bert", "roberta"])
def checkpoint(request, source, tmp_path_factory):
    """A trained tiny checkpoint and what its own network gives with the weights as written."""
    start = request.getfixturevalue(request.param)
    settings = ("batch=16", "steps=3", "max_length=32", "projection_hidden=32", "projection_size=16")
    directory = tmp_path_factory.mktemp(f"checkpoint-{request.param}")
    trainer = Trainer(configuration("carl-minilm").changed(settings), start, [source], directory)
    assert trainer.run()
    backbone = trainer.model.online.backbone.eval()
    with torch.no_grad():
        for tensor in backbone.parameters():
            tensor.copy_(tensor.half().float())
    return directory, start, backbone


TEXTS = ["The rain was WARM, and we are glad!", "never again", "a café so fine 😀", "", "late " * 60]


def own_vectors(start, backbone):
    items = encode_ids(start.tokenizer, TEXTS, start.shape.max_tokens)
    special = special_ids(start.tokenizer, start.shape.padding)
    batch = collate(items, np.zeros((len(items), 2), np.float32), padding=start.shape.padding, special=special)
    with torch.no_grad():
        return backbone(batch)[:, 0].numpy()


def test_the_harness_reads_it(checkpoint):
    directory, start, backbone = checkpoint
    encoder = find_encoder(f"hf:{directory}").create(device="cpu")
    assert encoder.encode(TEXTS) == pytest.approx(own_vectors(start, backbone), abs=1e-5)
    assert encoder.backend.endswith("-packed")


def test_transformers_reads_it_as_float32(checkpoint):
    from transformers import AutoModel, AutoTokenizer

    directory, start, backbone = checkpoint
    model = AutoModel.from_pretrained(directory).eval()
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    tokenizer = AutoTokenizer.from_pretrained(directory)
    with torch.no_grad():
        output = model(**tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt"))
    assert output.last_hidden_state[:, 0].numpy() == pytest.approx(own_vectors(start, backbone), abs=1e-5)


def test_sentence_transformers_reads_it(checkpoint):
    library = pytest.importorskip("sentence_transformers")
    directory, start, backbone = checkpoint
    vectors = library.SentenceTransformer(str(directory), device="cpu").encode(TEXTS, show_progress_bar=False)
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(own_vectors(start, backbone), abs=1e-5)


def test_weights_are_half_the_size_and_the_heads_are_gone(checkpoint):
    from safetensors import safe_open

    directory, start, _ = checkpoint
    with safe_open(directory / "model.safetensors", "pt") as file:
        assert set(file.keys()) == set(start.shape.tensors(pooler=False))
        assert file.get_tensor("embeddings.LayerNorm.weight").dtype == torch.float16
    assert json.loads((directory / "config.json").read_text())["dtype"] == "float32"
    assert json.loads((directory / "1_Pooling/config.json").read_text())["pooling_mode_cls_token"] is True


def test_training_texts_are_there_as_hashes_only(checkpoint, source):
    directory, _, _ = checkpoint
    hashes = (directory / "training_texts.txt").read_text().split()
    assert set(hashes) == {text_hash(text) for text in source.texts}
    assert hashes == sorted(hashes)
    for path in directory.glob("*.*"):
        if path.suffix in (".json", ".md", ".txt"):
            assert source.texts[0] not in path.read_text()


def test_the_card_says_what_was_done(checkpoint, source):
    card = (checkpoint[0] / "README.md").read_text()
    assert card.startswith("---\n")
    for part in ("license: cc-by-sa-4.0", f"| Made-up texts | {len(source)} | 0 | none |", "3 of 3 steps", "Seed 0;"):
        assert part in card
    assert f'"epsilon": {configuration("carl-minilm").epsilon}' in card


def test_weights_that_float16_cannot_hold_are_refused(bert, tmp_path):
    backbone = Backbone(bert.shape)
    with torch.no_grad():
        backbone.embeddings.LayerNorm.bias[0] = 1e6
    with pytest.raises(WeightsInvalid, match=r"embeddings\.LayerNorm\.bias"):
        write_checkpoint(tmp_path, backbone.state_dict(), bert, card="", record={}, hashes=[])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("piece_size", [None, 3000])
def test_a_state_with_a_flipped_bit_is_refused(tmp_path, piece_size):
    path = tmp_path / "state.pt"
    write_state(path, {"model": {"weight": torch.arange(2000.0)}}, piece_size)
    assert read_state(path)["model"]["weight"][7] == 7
    damaged = min(tmp_path.glob("state.pt*"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(StorageFault, match="was changed"):
        read_state(path)

"""Directories of the shapes that people have: each conforms and equals the transformers library, or is refused."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import ExtraMissing, WeightsInvalid
from harness.testing import check_encoder
from harness.transformer.hub import HubEncoder

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

PLAIN = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SMALL = {**PLAIN, "embedding_size": 16, "max_position_embeddings": 64}
DECODER = {**PLAIN, "num_key_value_heads": 2, "max_position_embeddings": 64}
PAIR = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4}  # fmt: skip
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}

# fmt: off
#: Configuration → its sizes, most tokens, and the pooling of the plain name.
SHAPES: dict[str, tuple[dict[str, Any], int, str]] = {
    "Albert": (SMALL, 64, "cls"),
    "Bart": ({**PAIR, "max_position_embeddings": 64}, 64, "cls"),
    "BigBird": ({**PLAIN, "block_size": 4, "num_random_blocks": 1, "max_position_embeddings": 256}, 256, "cls"),
    "Bloom": ({"hidden_size": 32, "n_layer": 1, "n_head": 4}, 512, "last"),
    "Camembert": ({**PLAIN, "max_position_embeddings": 66, "pad_token_id": 0}, 65, "cls"),
    "ConvBert": ({**SMALL, "embedding_size": 32}, 64, "cls"),
    "DebertaV2": ({**SMALL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}, 64, "cls"),
    "DistilBert": ({"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "max_position_embeddings": 64},
                   64, "cls"),
    "Electra": ({**SMALL, "embedding_size": 32}, 64, "cls"),
    "Esm": ({**PLAIN, "max_position_embeddings": 66, "pad_token_id": 1, "mask_token_id": 5}, 64, "cls"),
    "FNet": (SMALL, 64, "cls"),
    "GPT2": ({"n_embd": 32, "n_layer": 1, "n_head": 4, "n_positions": 64}, 64, "last"),
    "Gemma": ({**DECODER, "head_dim": 8}, 64, "last"),
    "Gemma2": ({**DECODER, "head_dim": 8, "sliding_window": 8}, 64, "last"),
    "IBert": ({**PLAIN, "max_position_embeddings": 66}, 64, "cls"),
    "LED": ({**PAIR, "max_encoder_position_embeddings": 64, "attention_window": [8]}, 64, "cls"),
    "Llama": (DECODER, 64, "last"),
    "Longformer": ({**PLAIN, "attention_window": [8, 8], "max_position_embeddings": 66, "pad_token_id": 1}, 64, "cls"),
    "Luke": ({**PLAIN, "entity_vocab_size": 10, "entity_emb_size": 8, "max_position_embeddings": 66}, 64, "cls"),
    "Mamba": ({"hidden_size": 32, "num_hidden_layers": 1, "state_size": 4}, 512, "last"),
    "MobileBert": ({**SMALL, "intra_bottleneck_size": 16}, 64, "cls"),
    "ModernBert": ({**PLAIN, "max_position_embeddings": 64, "local_attention": 16, "global_attn_every_n_layers": 2,
                    "pad_token_id": 0, "bos_token_id": 3, "eos_token_id": 4}, 64, "cls"),
    "Mistral": ({**DECODER, "sliding_window": 8}, 64, "last"),
    "Nystromformer": ({**PLAIN, "max_position_embeddings": 64}, 64, "cls"),
    "OPT": ({**DECODER, "word_embed_proj_dim": 16, "ffn_dim": 64, "do_layer_norm_before": False}, 64, "last"),
    "Qwen2": (DECODER, 64, "last"),
    "Qwen3": ({**DECODER, "head_dim": 8}, 64, "last"),
    "RemBert": ({**PLAIN, "input_embedding_size": 16, "max_position_embeddings": 64}, 64, "cls"),
    "SqueezeBert": ({**SMALL, "embedding_size": 32}, 64, "cls"),
    "T5": (T5, 512, "cls"),
    "XLM": ({"emb_dim": 32, "n_layers": 1, "n_heads": 4, "max_position_embeddings": 64}, 64, "cls"),
    "Xmod": ({**PLAIN, "max_position_embeddings": 66, "languages": ["en"], "default_language": "en"}, 64, "cls"),
}
# fmt: on

TEXTS = ("the rain was warm and we are glad", "", "never again", "late " * 300)


def saved(tiny: ModuleType, directory: Path, name: str, tokenizer: bool = True, **sizes: Any) -> Path:
    """A random model of a shape with BERT's word pieces, as the library saves it."""
    import transformers

    size = tiny.write_wordpiece(directory)
    torch.manual_seed(1)
    config = getattr(transformers, f"{name}Config")(vocab_size=size, **sizes)
    model = getattr(transformers, f"{name}Model")(config)
    with torch.no_grad():  # far from what initialisation draws, so that each text has another vector
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn_like(parameter) * parameter.shape[-1] ** -0.5)
    model.eval().save_pretrained(directory)
    if tokenizer:
        transformers.BertTokenizerFast.from_pretrained(directory).save_pretrained(directory)
    (directory / "vocab.txt").unlink()
    return directory


@pytest.mark.parametrize("name", SHAPES)
def test_conforms_and_equals_the_library(tiny: ModuleType, tmp_path: Path, name: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    sizes, limit, pooling = SHAPES[name]
    encoder = HubEncoder(saved(tiny, tmp_path, name, **sizes), device="cpu")
    report = check_encoder(encoder)
    assert report.passed, report
    assert encoder.packed == (name in ("Camembert", "DistilBert", "Electra"))
    assert (encoder.describe()["max_length"], encoder.describe()["pooling"]) == (limit, pooling)
    tokenizer, vectors = AutoTokenizer.from_pretrained(tmp_path), encoder.encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        model = AutoModel.from_pretrained(tmp_path).eval()  # a fresh one, which remembers no other text
        network = model.get_encoder() if model.config.is_encoder_decoder else model
        given = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
        takes = inspect.signature(network.forward).parameters
        with torch.no_grad():
            given = {name: given[name] for name in ("input_ids", "attention_mask") if name in takes}
            states = network(**given).last_hidden_state[0]
        np.testing.assert_allclose(vector, states[0 if pooling == "cls" else -1], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "sizes", "message"),
    [
        ("Canine", {**SMALL, "num_hash_buckets": 64}, "class of your own"),
        (
            "Funnel",
            {"block_sizes": [1, 1], "d_model": 32, "n_head": 4, "d_head": 8, "d_inner": 64},
            "class of your own",
        ),
        ("ViT", PLAIN, "class of your own"),
    ],
)
def test_is_refused_in_one_line(tiny: ModuleType, tmp_path: Path, name: str, sizes: Any, message: str) -> None:
    report = check_encoder(HubEncoder(saved(tiny, tmp_path, name, **sizes), device="cpu"))
    assert not report.passed
    assert str(report).count(message) == 1


@pytest.mark.parametrize("name", ["Albert", "Bart", "Llama", "Qwen2", "T5", "Bert"])
def test_no_model_runs_without_its_vocabulary(tiny: ModuleType, tmp_path: Path, name: str) -> None:
    """The library makes a tokeniser that knows no word where the files are missing."""
    sizes = SHAPES.get(name, (SMALL, 0, ""))[0]
    saved(tiny, tmp_path, name, tokenizer=False, **(DECODER if name in ("Llama", "Qwen2") else sizes))
    with pytest.raises(WeightsInvalid, match="no usable vocabulary"):
        HubEncoder(tmp_path, device="cpu").encode(["so glad"])


@pytest.mark.parametrize(
    ("name", "file", "package"), [("T5", "spiece.model", "sentencepiece"), ("XLM", "", "sacremoses")]
)
def test_a_tokeniser_names_the_package_that_it_needs(
    tiny: ModuleType, tmp_path: Path, name: str, file: str, package: str
) -> None:
    saved(tiny, tmp_path, name, tokenizer=False, **SHAPES[name][0])
    if file:
        (tmp_path / file).write_bytes(b"\x0a\x00")
    with pytest.raises((ExtraMissing, WeightsInvalid), match=f"install {package}"):
        HubEncoder(tmp_path, device="cpu").encode(["so glad"])

"""Models that nobody described: the packed engine where it fits, the library elsewhere, tokens always the library's."""

import importlib.util
import json
import logging
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.registry import load_encoder
from harness.testing import check_encoder
from harness.transformer import hub
from harness.transformer.checkpoint import cached_snapshot
from harness.transformer.hub import HubEncoder, SentenceTransformerEncoder

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

NO_LIMIT = 1000000000000000019884624838656


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a directory that a test may change."""
    return lambda directory: shutil.copytree(directory, tmp_path / "copy")


def save(tiny: ModuleType, directory: Path, model: Any, **config: Any) -> Path:
    """A model of the library with BERT's word pieces."""
    torch.manual_seed(1)
    tiny.write_wordpiece(directory)
    model.eval().save_pretrained(directory)
    if config:
        content = json.loads((directory / "config.json").read_text())
        (directory / "config.json").write_text(json.dumps({**content, **config}))
    return directory


@pytest.fixture
def electra(tiny: ModuleType, tmp_path: Path) -> Path:
    """A model outside the packed engine's shapes, and without a pooler."""
    from transformers import ElectraConfig, ElectraModel

    sizes = {"embedding_size": 16, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"initializer_range": 0.3, "intermediate_size": 64, "max_position_embeddings": 40}
    return save(tiny, tmp_path, ElectraModel(ElectraConfig(vocab_size=tiny.write_wordpiece(tmp_path), **sizes)))


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_packed_and_library_agree(
    tiny: ModuleType, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    directory = request.getfixturevalue(f"{architecture}_directory")
    texts = [*tiny.TEXTS, "half a pair \ud83d"]
    for pooling in ("cls", "mean", "last"):
        packed = HubEncoder(directory, pooling=pooling, max_length=50, device="cpu")
        ours = packed.encode(texts)
        assert packed.packed
        with monkeypatch.context() as patch:
            patch.setattr(hub, "PACKED", {})
            general = HubEncoder(directory, pooling=pooling, max_length=50, device="cpu", batch_tokens=60)
            theirs = general.encode(texts)
            assert not general.packed
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_another_architecture_runs_in_the_library(electra: Path) -> None:
    encoder = HubEncoder(electra, device="cpu")
    report = check_encoder(encoder)
    assert report.passed, report
    assert (encoder.describe()["backend"], encoder.describe()["max_length"]) == ("transformers", 40)
    assert len(pickle.dumps(encoder)) < 5_000
    with pytest.raises(WeightsInvalid, match="no trained pooler"):
        HubEncoder(electra, pooling="pooler", device="cpu").encode(["a"])


# Tokens are the model's own


@pytest.mark.parametrize(
    ("architecture", "name", "content", "text"),
    [
        ("bert", "tokenizer_config.json", {"strip_accents": False}, "a café so fine"),
        ("bert", "tokenizer_config.json", {"tokenize_chinese_chars": False}, "天気 rain"),
        ("bert", "tokenizer_config.json", {"do_lower_case": False}, "The RAIN was cold"),
        ("bert", "added_tokens.json", {"late again": 500}, "so late again"),
        ("roberta", "tokenizer_config.json", {"add_prefix_space": True}, "the rain was not"),
        ("roberta", "added_tokens.json", {"rain not": 500}, "the rain not"),
    ],
)
def test_every_declared_setting_counts(
    request: pytest.FixtureRequest,
    copied: Callable[[Path], Path],
    architecture: str,
    name: str,
    content: dict[str, Any],
    text: str,
) -> None:
    from transformers import AutoTokenizer

    directory = copied(request.getfixturevalue(f"{architecture}_directory"))
    (directory / name).write_text(json.dumps(content))
    expected = AutoTokenizer.from_pretrained(directory)(text)["input_ids"]
    encoder = HubEncoder(directory, device="cpu")
    assert encoder.inputs([text])[0].tolist() == expected
    if name == "added_tokens.json":
        with pytest.raises(WeightsInvalid, match="beyond the"):
            encoder.encode([text])


def test_a_declaration_beside_a_tokenizer_file_counts_as_in_the_library(
    bert_directory: Path, copied: Callable[[Path], Path]
) -> None:
    from transformers import AutoTokenizer

    directory = copied(bert_directory)
    AutoTokenizer.from_pretrained(directory).backend_tokenizer.save(str(directory / "tokenizer.json"))
    (directory / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    expected = AutoTokenizer.from_pretrained(directory)("The RAIN")["input_ids"]
    assert HubEncoder(directory, device="cpu").inputs(["The RAIN"])[0].tolist() == expected


DECLARED = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("do_lower_case", "strip_accents", "tokenize_chinese_chars", "add_prefix_space", "trim_offsets"),
            st.booleans(),
        ),
        "tokenizer_class": st.sampled_from(["BertTokenizer", "RobertaTokenizer", "PreTrainedTokenizerFast"]),
        "model_max_length": st.sampled_from([12, 30, NO_LIMIT]),
        "truncation_side": st.sampled_from(["left", "right"]),
        "padding_side": st.sampled_from(["left", "right"]),
        "unk_token": st.sampled_from(["[UNK]", "<unk>"]),
    },
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is it another model's")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    architecture=st.sampled_from(["bert", "roberta"]),
    declared=DECLARED,
    added=st.dictionaries(st.sampled_from(["late again", "RAIN", "é"]), st.integers(3, 60), max_size=1),
    one_file=st.booleans(),
    text=st.text(st.sampled_from("the rainRAIN wasé天\u0301\u00a0\t,.😀"), max_size=40),
)
def test_ids_are_the_librarys_whatever_is_declared(
    request: pytest.FixtureRequest, architecture: str, declared: Any, added: Any, one_file: bool, text: str
) -> None:
    from transformers import AutoTokenizer

    with TemporaryDirectory() as place:
        whole = request.getfixturevalue(f"{architecture}_directory")
        directory = shutil.copytree(whole, Path(place) / "model")
        if one_file:
            AutoTokenizer.from_pretrained(whole).backend_tokenizer.save(str(directory / "tokenizer.json"))
        (directory / "tokenizer_config.json").write_text(json.dumps(declared))
        (directory / "added_tokens.json").write_text(json.dumps(added))
        encoder = HubEncoder(directory, device="cpu")
        try:
            ids = encoder.inputs([text])[0].tolist()
        except WeightsInvalid as error:
            assert "no usable vocabulary" in str(error)
            return
        limit = encoder.effective_max_length()
        theirs = AutoTokenizer.from_pretrained(directory, truncation_side="right")
        assert ids == theirs(text, truncation=True, max_length=limit)["input_ids"]


def test_other_token_types_are_left_to_sentence_transformers(tiny: ModuleType, tmp_path: Path) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import BertTokenizerFast, PreTrainedTokenizerFast

    pytest.importorskip("sentence_transformers")
    directory = write_st(tiny, tmp_path)
    plain = SentenceTransformerEncoder(directory, device="cpu").encode(["so glad"])
    inner = BertTokenizerFast.from_pretrained(directory).backend_tokenizer
    inner.post_processor = TemplateProcessing(single="$A:0 [CLS]:1", special_tokens=[("[CLS]", 3)])
    names = ["input_ids", "token_type_ids", "attention_mask"]
    kind = PreTrainedTokenizerFast(tokenizer_object=inner, model_input_names=names, pad_token="[PAD]")
    kind.save_pretrained(directory)
    (directory / "vocab.txt").unlink()
    with pytest.raises(WeightsInvalid, match="another type than 0"):
        HubEncoder(directory, device="cpu").encode(["so glad"])
    typed = SentenceTransformerEncoder(directory, device="cpu").encode(["so glad"])
    assert typed.shape == plain.shape and np.abs(typed - plain).max() > 1e-3


def test_a_broken_tokeniser_fails_its_model_alone(bert_directory: Path, copied: Callable[[Path], Path]) -> None:
    directory = copied(bert_directory)
    (directory / "vocab.txt").unlink()
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
             "max_input_chars_per_word": 100, "vocab": {"a": 0}}  # fmt: skip
    normalizer = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    content = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer,
               "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model}  # fmt: skip
    (directory / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(WeightsInvalid, match="no usable vocabulary"):
        HubEncoder(directory, device="cpu").encode(["text of no known token"])


def test_a_text_of_millions_of_characters_is_cut_before_it_is_tokenised(bert_directory: Path) -> None:
    import tracemalloc

    encoder = HubEncoder(bert_directory, device="cpu", max_length=16)
    encoder.encode(["a"])
    tracemalloc.start()
    vectors = encoder.encode(["late rain " * 2_000_000])
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
    assert np.array_equal(vectors, encoder.encode(["late rain " * 20]))


# Limits are found


def test_no_limit_of_the_tokeniser_leaves_that_of_the_positions(
    bert_directory: Path, roberta_directory: Path, copied: Callable[[Path], Path]
) -> None:
    directory = copied(bert_directory)
    (directory / "tokenizer_config.json").write_text(json.dumps({"model_max_length": NO_LIMIT}))
    assert HubEncoder(directory, device="cpu").describe()["max_length"] == 160
    (directory / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 30}))
    assert HubEncoder(directory, device="cpu").describe()["max_length"] == 30
    assert HubEncoder(roberta_directory, device="cpu").describe()["max_length"] == 160


# Causal models, and the encoder of a pair


def test_a_causal_model_gives_its_last_token(tiny: ModuleType, tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2Model

    config = GPT2Config(vocab_size=tiny.write_wordpiece(tmp_path), n_embd=32, n_layer=1, n_head=2, n_positions=40)
    directory = save(tiny, tmp_path, GPT2Model(config))
    (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "eos_token": "[MASK]"}')
    encoder = HubEncoder(directory, device="cpu")
    with pytest.warns(UserWarning, match="causal"):
        love, hate = encoder.encode(["so glad", "so awful"])
    assert np.abs(love - hate).max() > 1e-3
    assert encoder.describe()["pooling"] == "last"
    assert np.array_equal(HubEncoder(directory, pooling="last", device="cpu").encode(["so glad"])[0], love)
    ended = HubEncoder(directory, pooling="last", device="cpu", end_of_text=True)
    short, long = ended.inputs(["so glad", "calm " * 900])
    assert (short[-1], long[-1], len(long), ended.fingerprint != encoder.fingerprint) == (5, 5, 40, True)
    with pytest.raises(UsageError, match="@last"):
        load_encoder(f"{directory}@cls", device="cpu").encode(["a"])


def t5(tiny: ModuleType, directory: Path, kind: str) -> Path:
    import transformers

    config = transformers.T5Config(
        vocab_size=tiny.write_wordpiece(directory), d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4
    )
    save(tiny, directory, getattr(transformers, kind)(config))
    (directory / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "model_max_length": NO_LIMIT})
    )
    return directory


@pytest.mark.parametrize("kind", ["T5EncoderModel", "T5Model"])
def test_the_encoder_of_t5(tiny: ModuleType, tmp_path: Path, kind: str) -> None:
    encoder = HubEncoder(t5(tiny, tmp_path, kind), pooling="mean", device="cpu")
    assert encoder.encode(["so glad", "calm " * 900]).shape == (2, 32)
    assert encoder.describe()["max_length"] == 512


# No weight is drawn at random


@pytest.mark.parametrize(
    ("kind", "saved_as", "adapted_as"),
    [
        ("bert", "BertModel", "BertForSequenceClassification"),
        ("bert", "BertForPreTraining", "BertModel"),
        ("modernbert", "ModernBertModel", "ModernBertModel"),
        ("qwen3", "Qwen3ForCausalLM", "Qwen3Model"),
        ("qwen3", "Qwen3Model", "Qwen3ForCausalLM"),
    ],
)
def test_an_adapter_fits_its_backbone_whatever_head_either_has(
    tiny: ModuleType, tmp_path: Path, kind: str, saved_as: str, adapted_as: str
) -> None:
    import transformers

    peft: Any = pytest.importorskip("peft")
    backbone, adapter = tmp_path / "backbone", tmp_path / "adapter"
    backbone.mkdir()
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    sizes |= {"vocab_size": tiny.write_wordpiece(backbone), "initializer_range": 0.3, "max_position_embeddings": 60}
    sizes |= {"pad_token_id": 0} | ({} if kind != "qwen3" else {"num_key_value_heads": 1, "head_dim": 16})
    config = transformers.AutoConfig.for_model(kind, **sizes)
    save(tiny, backbone, getattr(transformers, saved_as)(config))
    transformers.BertTokenizerFast.from_pretrained(backbone).save_pretrained(backbone)
    whole = getattr(transformers, adapted_as).from_pretrained(backbone)
    lora = {"target_modules": ["query", "dense", "Wqkv", "q_proj", "down_proj"], "init_lora_weights": False}
    if "Sequence" in adapted_as:
        lora["task_type"] = "SEQ_CLS"  # peft then saves the classifier, too
    adapted = peft.get_peft_model(whole, peft.LoraConfig(r=2, **lora)).eval()
    adapted.save_pretrained(adapter)
    encoder = load_encoder(str(adapter), pooling="last", device="cpu")
    network = adapted.base_model.model
    network = getattr(network, network.base_model_prefix, network)
    for ids, vector in zip(encoder.inputs(tiny.TEXTS), encoder.encode(tiny.TEXTS), strict=True):
        with torch.inference_mode():
            expected = network(input_ids=torch.tensor(ids[None].astype(np.int64))).last_hidden_state[0, -1]
        np.testing.assert_allclose(vector, expected, atol=1e-5)


def test_what_a_trainer_leaves_beside_a_model_is_not_read(electra: Path) -> None:
    expected = HubEncoder(electra, device="cpu").encode(["the rain"])
    for name in ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (electra / name).write_bytes(pickle.dumps(Path("no tensor")))
    np.testing.assert_array_equal(HubEncoder(electra, device="cpu").encode(["the rain"]), expected)


def test_half_precision_on_disk_is_computed_in_full(tiny: ModuleType, tmp_path: Path) -> None:
    from transformers import AutoModel, BertTokenizerFast, GemmaConfig, GemmaModel

    sizes = {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}
    sizes |= {"head_dim": 12, "intermediate_size": 48, "vocab_size": tiny.write_wordpiece(tmp_path)}
    save(tiny, tmp_path, GemmaModel(GemmaConfig(**sizes)).to(torch.bfloat16))
    BertTokenizerFast.from_pretrained(tmp_path).save_pretrained(tmp_path)
    full = AutoModel.from_pretrained(tmp_path, dtype=torch.float32).eval()  # its scale √24 is not rounded
    encoder = HubEncoder(tmp_path, pooling="last", device="cpu")
    (vector,), (ids,) = encoder.load().engine.pooled([np.array([7, 8, 9], np.int32)], "last"), [[7, 8, 9]]
    with torch.inference_mode():
        expected = full(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_quantised_weights_are_refused(electra: Path) -> None:
    state = load_file(electra / "model.safetensors")
    name = next(name for name in state if name.endswith("intermediate.dense.weight"))
    state[name] = (100 * state[name]).to(torch.int8)
    save_file(state, electra / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsInvalid, match="int8"):
        HubEncoder(electra, device="cpu").encode(["a"])


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("change", ["missing", "renamed", "prefixed", "unknown"])
def test_an_encoder_that_is_not_whole_is_refused(
    tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool, change: str
) -> None:
    if not packed:
        monkeypatch.setattr(hub, "PACKED", {})
    assert logging.getLogger("transformers").level >= logging.ERROR, "its account would show a file's names raw"
    write_st(tiny, tmp_path, change)
    with pytest.raises(WeightsInvalid, match=r"encoder\.layer|embeddings"):
        HubEncoder(tmp_path, device="cpu").encode(["a"])
    if packed and importlib.util.find_spec("sentence_transformers"):
        with pytest.raises(WeightsInvalid, match=r"encoder\.layer|embeddings"):
            SentenceTransformerEncoder(tmp_path, device="cpu").encode(["a"])


def write_st(tiny: ModuleType, directory: Path, change: str = "") -> Path:
    """A sentence-transformers directory over a tiny BERT with mean pooling."""
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory))
    state = network.state()
    if change == "missing":
        del state["encoder.layer.1.output.dense.weight"]
    elif change == "unknown":
        state["embeddings.senti_embeddings.weight"] = torch.ones(3, 32)
    elif change:
        rename = {"renamed": lambda name: name.replace("layer.1.", "blocks.1."), "prefixed": lambda name: f"x.{name}"}
        state = {rename[change](name): tensor for name, tensor in state.items()}
    tiny.write_weights(directory / "model.safetensors", state)
    tiny.write_config(directory / "config.json", network.config)
    sentence_modules(directory)
    return directory


def sentence_modules(directory: Path) -> None:
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    (directory / "modules.json").write_text(json.dumps(modules))
    (directory / "sentence_bert_config.json").write_text("{}")
    (directory / "1_Pooling").mkdir()
    content = json.dumps({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True})
    (directory / "1_Pooling" / "config.json").write_text(content)


# Sentence-transformers

installed = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)


@installed
@pytest.mark.filterwarnings("ignore")
def test_the_models_own_vector(tiny: ModuleType, tmp_path: Path) -> None:
    directory = write_st(tiny, tmp_path / "st")
    (directory / "sentence_bert_config.json").write_text('{"max_seq_length": 20}')
    encoder: Any = load_encoder(str(directory), device="cpu")
    expected = HubEncoder(directory, pooling="mean", max_length=20, device="cpu").encode(tiny.TEXTS)
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)
    described = encoder.describe()
    assert (described["max_length"], described["dimensions"], described["pooling"]) == (20, 32, "its own")
    encoder.check_ready()
    before = encoder.fingerprint
    (directory / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert SentenceTransformerEncoder(directory).fingerprint != before


@installed
@pytest.mark.filterwarnings("ignore")
def test_limits_of_sentence_transformers(tiny: ModuleType, roberta_directory: Path, tmp_path: Path) -> None:
    roberta = shutil.copytree(roberta_directory, tmp_path / "roberta")
    sentence_modules(roberta)
    encoder = SentenceTransformerEncoder(roberta, device="cpu")
    assert encoder.encode(["calm " * 400]).shape == (1, 32)
    assert encoder.describe()["max_length"] == 160
    five = t5(tiny, tmp_path / "t5", "T5EncoderModel")
    sentence_modules(five)
    assert SentenceTransformerEncoder(five, device="cpu").describe()["max_length"] == 512


@installed
@pytest.mark.filterwarnings("ignore")
def test_a_static_embedding_has_no_limit(tiny: ModuleType, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer
    from transformers import BertTokenizerFast

    tiny.write_wordpiece(tmp_path)
    tokenizer: Tokenizer = BertTokenizerFast.from_pretrained(tmp_path).backend_tokenizer
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)]).save(str(tmp_path / "static"))
    for limit in (None, 16):
        encoder = SentenceTransformerEncoder(tmp_path / "static", max_length=limit, device="cpu")
        assert encoder.encode(["so glad", ""]).shape == (2, 8)
        assert encoder.describe()["max_length"] is None


# Files


def fill(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()


def test_a_pinned_revision_in_the_hubs_cache(
    bert_directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshots = tmp_path / "models--org--name" / "snapshots"
    snapshots.mkdir(parents=True)
    shutil.copytree(bert_directory, snapshots / "abc")
    assert HubEncoder("org/name", device="cpu").encode(["a"]).shape == (1, 32), "the only one that is cached"
    fill(snapshots / "def", "tokenizer.json")
    assert cached_snapshot("org/name", None) is None, "which of the two is unknown"
    pinned = HubEncoder("org/name:abc", device="cpu")
    assert (pinned.card.name, pinned.card.revision) == ("hf:org/name:abc", "abc")
    assert pinned.encode(["a"]).shape == (1, 32)
    (tmp_path / "models--org--name" / "refs").mkdir()
    (tmp_path / "models--org--name" / "refs" / "main").write_text("def\n")
    with pytest.raises(WeightsMissing, match=r"def holds no checkpoint.*--weights-dir hf:org/name=DIR"):
        HubEncoder("org/name").files(fetch=False)
    with pytest.raises(WeightsMissing, match="Name the directory"):
        load_encoder(f"hf:{tmp_path}").encode(["a"])

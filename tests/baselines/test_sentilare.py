from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from baselines import sentilare_annotation
from baselines.sentilare import SentiLARE, SentiLARENeutral
from baselines.sentilare_annotation import LEXICON_VARIABLE, SENTENCE_VARIABLE, TAGGER_VARIABLE, TaggedText
from harness.errors import ExtraMissing, WeightsInvalid
from harness.testing import check_encoder

LEXICON = """\
# a header
a\t00000001\t0.75\t0\tkind#1\tof a warm heart
a\t00000002\t0\t0.5\tkind#2\tof little strength
v\t00000004\t0\t0.25\train#1\tto fall as drops
"""

TABLES = {"senti_embeddings": 3, "pos_tag_embeddings": 5, "polarity_embeddings": 6}
HEADS = ("lm_head.dense", "senti_head.decoder", "pos_head.decoder", "pola_head.dense")


class Tagger:
    """Splits at blanks; tags by a short list."""

    fingerprint = "a tagger of the tests"

    def split(self, text: str) -> list[str]:
        return text.split(" ")  # leaves empty words, which are dropped

    def tag(self, sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        return [[{"kind": "JJ", "rained": "VBD", "Rained": "VBD"}.get(word, "DT") for word in row] for row in sentences]

    def lemma(self, word: str, part: str) -> str:
        assert part in "varn"
        return {"rained": "rain"}.get(word, word)


def sentence_vectors(texts: Sequence[str]) -> np.ndarray:
    return np.array([[1.0, len(text)] for text in texts], dtype=np.float32)


@pytest.fixture(scope="module")
def checkpoint(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A directory as the released pre-training class writes it, and a lexicon."""
    directory = tmp_path_factory.mktemp("sentilare")
    network = tiny.tiny_roberta(vocabulary=tiny.write_bpe(directory))
    generator = torch.Generator().manual_seed(3)
    tables = {name: torch.randn(rows, 32, generator=generator) * 0.3 for name, rows in TABLES.items()}
    state = network.state("roberta.")
    state.update({f"roberta.embeddings.{name}.weight": table for name, table in tables.items()})
    state.update(tiny.heads(HEADS))
    tiny.write_weights(directory / "pytorch_model.bin", state)
    tiny.write_config(directory / "config.json", network.config, "model_type", "pad_token_id")
    lexicon = tmp_path_factory.mktemp("lexicon") / "SentiWordNet_3.0.0.txt"
    lexicon.write_text(LEXICON)
    return SimpleNamespace(directory=directory, network=network, tables=tables, state=state, lexicon=lexicon)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (TAGGER_VARIABLE, LEXICON_VARIABLE, SENTENCE_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def full(checkpoint: SimpleNamespace, **options) -> SentiLARE:
    """The encoder with everything it needs."""
    parts = {"tagger": Tagger(), "lexicon": checkpoint.lexicon, "sentence_model": sentence_vectors}
    return SentiLARE(weights_dir=checkpoint.directory, device="cpu", **{**parts, **options})


def reference(checkpoint: SimpleNamespace, row: np.ndarray) -> np.ndarray:
    """A stock RoBERTa fed with the sum of the four tables: first token."""
    tables = checkpoint.tables
    ids = torch.from_numpy(row.astype(np.int64))
    embedded = checkpoint.network.model.embeddings.word_embeddings.weight[ids[0]]
    for table, channel in zip(("senti_embeddings", "pos_tag_embeddings", "polarity_embeddings"), ids[1:], strict=True):
        embedded = embedded + tables[table][channel]
    with torch.inference_mode():
        return checkpoint.network.model(inputs_embeds=embedded[None]).last_hidden_state[0, 0].numpy()


def test_vectors_are_a_stock_roberta_on_four_tables(tiny: ModuleType, checkpoint: SimpleNamespace) -> None:
    for encoder in (full(checkpoint), SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu")):
        expected = [reference(checkpoint, row) for row in encoder.inputs(tiny.TEXTS)]
        np.testing.assert_allclose(encoder.encode(tiny.TEXTS), np.stack(expected), atol=1e-5)


@pytest.mark.slow
def test_conforms(checkpoint: SimpleNamespace) -> None:
    for encoder in (full(checkpoint), SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu")):
        report = check_encoder(encoder)
        assert report.passed, report


def test_each_word_is_tokenised_with_a_blank_before_it(checkpoint: SimpleNamespace) -> None:
    from transformers import RobertaTokenizerFast

    library = RobertaTokenizerFast.from_pretrained(checkpoint.directory, add_prefix_space=True)
    encoder = SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu")
    words = ["the", "rain", "was", "unkind", ",", "not", "warm", "!!", "café", "😀"]
    item = TaggedText(tuple(words), (4,) * len(words), (2,) * len(words))
    (row,) = encoder.tagged_inputs([item])
    assert row[0].tolist() == library(words, is_split_into_words=True)["input_ids"]
    assert row[0][1] == library.convert_tokens_to_ids("Ġthe")


def test_the_ids_of_a_word_go_to_all_its_pieces(checkpoint: SimpleNamespace) -> None:
    encoder = SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu")
    pieces, polarities, parts, stars = encoder.tagged_inputs(
        [{"words": ["rain", "xyz"], "pos_ids": [3, 0], "senti_ids": [0, 1]}]
    )[0].tolist()
    inner = len(pieces) - 2
    assert inner > 3  # "xyz" has several pieces
    assert polarities == [2, 0, *[1] * (inner - 1), 2]
    assert parts == [4, 3, *[0] * (inner - 1), 4]
    assert stars == [5] * len(pieces)
    (double,) = encoder.tagged_inputs([{"words": ["rain"], "pos_ids": [3], "senti_ids": [0]}], separators=2, stars=1)
    assert double[0].tolist()[-2:] == [2, 2]
    assert double[3].tolist() == [5, 1, 5, 5]


def test_a_long_text_is_cut_with_its_specials_kept(checkpoint: SimpleNamespace) -> None:
    encoder = SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu", max_length=9)
    (row,) = encoder.inputs(["rain " * 100])
    assert row.shape == (4, 9)
    assert (row[0][0], row[0][-1]) == (0, 2)
    (double,) = encoder.tagged_inputs([TaggedText(("rain",) * 50, (3,) * 50, (2,) * 50)], separators=2)
    assert double.shape == (4, 9)
    assert double[0].tolist()[-2:] == [2, 2]


def test_annotation(checkpoint: SimpleNamespace) -> None:
    first, second = full(checkpoint).annotate(["It Rained  kind kind", ""])
    assert first.words == ("It", "Rained", "kind", "kind")
    assert first.pos_ids == (4, 0, 1, 1)
    assert first.senti_ids == (2, 0, 1, 1)
    assert second == TaggedText((), (), ())


def test_loading_and_tagged_texts_need_no_tagger(checkpoint: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentilare_annotation.importlib.util, "find_spec", lambda name: None)
    encoder = SentiLARE(weights_dir=checkpoint.directory, device="cpu")
    encoder.load()
    assert encoder.encode_tagged([{"words": ["a"], "pos_ids": [4], "senti_ids": [2]}]).shape == (1, 32)
    with pytest.raises(ExtraMissing) as caught:
        encoder.encode(["a"])
    for needed in (
        "pip install 'affectbench[sentilare]'",
        "python -m nltk.downloader punkt_tab averaged_perceptron_tagger_eng wordnet",
        "nltk.downloader sentiwordnet",
        f"{LEXICON_VARIABLE} to SentiWordNet_3.0.0.txt",
        f"{SENTENCE_VARIABLE} to a directory",
        "sentilare-neutral",
    ):
        assert needed in str(caught.value), needed
    with pytest.raises(ExtraMissing):
        assert encoder.fingerprint
    with pytest.raises(ExtraMissing) as again:
        encoder.check_ready()
    assert str(again.value) == str(caught.value)


def test_a_stock_roberta_is_refused(tiny: ModuleType, checkpoint: SimpleNamespace, tmp_path: Path) -> None:
    for path in checkpoint.directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tiny.write_weights(tmp_path / "pytorch_model.bin", checkpoint.network.state("roberta."))
    with pytest.raises(WeightsInvalid, match=r"lacks embeddings\.senti_embeddings\.weight"):
        SentiLARENeutral(weights_dir=tmp_path, device="cpu").encode(["a"])


def test_the_tables_count_among_the_parameters(checkpoint: SimpleNamespace) -> None:
    loaded = SentiLARENeutral(weights_dir=checkpoint.directory, device="cpu").load()
    assert loaded.parameters == sum(
        tensor.numel()
        for name, tensor in checkpoint.state.items()
        if name.startswith("roberta.") and "pooler" not in name
    )

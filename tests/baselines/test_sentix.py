import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from baselines.sentix import SentiX
from harness.errors import WeightsInvalid
from harness.testing import check_encoder


@pytest.fixture
def network(tiny: ModuleType, tmp_path: Path):
    """An archive as the authors' code saves it: no prefix, no `model_type`, no vocabulary."""
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(tmp_path / "vocabulary"))
    tiny.write_weights(tmp_path / "archive" / "pytorch_model.bin", network.state())
    tiny.write_config(tmp_path / "archive" / "config.json", network.config, "model_type", "pad_token_id")
    return network


def encoder(tmp_path: Path, **options) -> SentiX:
    places = {"weights_dir": tmp_path / "archive", "tokenizer_dir": tmp_path / "vocabulary"}
    return SentiX(device="cpu", **places, **options)


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler", "last"])
def test_vectors_are_the_librarys(tiny: ModuleType, network, tmp_path: Path, pooling: str) -> None:
    sentix = encoder(tmp_path, pooling=pooling)
    expected = np.stack([network.reference(ids)[pooling] for ids in sentix.inputs(tiny.TEXTS)])
    np.testing.assert_allclose(sentix.encode(tiny.TEXTS), expected, atol=1e-5)


@pytest.mark.usefixtures("network")
@pytest.mark.slow
def test_conforms(tmp_path: Path) -> None:
    for released in (False, True):
        report = check_encoder(encoder(tmp_path, as_released=released, max_length=60))
        assert report.passed, report


@pytest.mark.usefixtures("network")
def test_the_form_of_the_authors_is_another_encoder(tiny: ModuleType, tmp_path: Path) -> None:
    normal, released = encoder(tmp_path), encoder(tmp_path, as_released=True)
    assert (normal.pooling, released.pooling) == ("cls", "pooler")
    assert normal.fingerprint != released.fingerprint
    assert (normal.describe()["form"], released.describe()["form"]) == ("masked", "as released")
    assert {len(ids) for ids in encoder(tmp_path, as_released=True, max_length=90).inputs(tiny.TEXTS)} == {90}


@pytest.mark.usefixtures("network")
def test_word_pieces_are_tokenised_again_in_the_authors_form(tmp_path: Path) -> None:
    sentix = encoder(tmp_path)
    tokenizer = sentix.load().tokenizer
    (ids,) = sentix.released_inputs(["unkind"], length=12)
    tokens = [tokenizer.id_to_token(int(i)) for i in ids]
    assert tokens == ["[CLS]", "un", "#", "#", "kind", "[SEP]", *["[PAD]"] * 6]
    (once,) = sentix.released_inputs(["unkind"], length=6, twice=False)
    assert [tokenizer.id_to_token(int(i)) for i in once] == ["[CLS]", "un", "##kind", "[SEP]", "[PAD]", "[PAD]"]
    (cut,) = sentix.released_inputs(["unkind unkind unkind"], length=8)
    assert tokenizer.id_to_token(int(cut[-1])) != "[SEP]"  # the second tokenisation pushes it out


@pytest.mark.usefixtures("network")
def test_emoticons_are_left_alone(tmp_path: Path) -> None:
    sentix = encoder(tmp_path)
    unused = sentix.load().tokenizer.token_to_id("[unused0]")
    assert unused is not None
    for text in ("so fine :)", "[unused0] :("):
        assert unused not in sentix.inputs([text])[0]


def test_the_special_tokens_of_the_real_vocabulary_are_checked(network, tmp_path: Path) -> None:
    # As many rows as BERT's, in another order.
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = specials + [f"w{i}" for i in range(30_522 - len(specials))]
    (tmp_path / "vocabulary" / "vocab.txt").write_text("\n".join(words) + "\n")
    config = tmp_path / "archive" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "vocab_size": 30_522}))
    with pytest.raises(WeightsInvalid, match=r"\[CLS\] 101"):
        encoder(tmp_path).encode(["a"])

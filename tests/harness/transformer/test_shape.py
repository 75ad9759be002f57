from __future__ import annotations

import pytest

from harness.errors import WeightsInvalid
from harness.transformer.shape import Shape

CONFIG = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 40,
    "max_position_embeddings": 66,
    "type_vocab_size": 1,
}


def test_defaults_of_old_configurations() -> None:
    bert = Shape.from_config(CONFIG, "bert", "FILE")
    assert (bert.epsilon, bert.padding, bert.offset, bert.max_tokens, bert.activation) == (1e-12, 0, 0, 66, "gelu")
    roberta = Shape.from_config(CONFIG, "roberta", "FILE")
    assert (roberta.epsilon, roberta.padding, roberta.offset, roberta.max_tokens) == (1e-5, 1, 2, 64)


def test_514_rows_of_roberta_serve_512_tokens() -> None:
    assert Shape.from_config({**CONFIG, "max_position_embeddings": 514}, "roberta", "FILE").max_tokens == 512


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": None}, "`hidden_size` is None"),
        ({"vocab_size": True}, "`vocab_size` is True"),
        ({"num_hidden_layers": 0}, "`num_hidden_layers` is 0"),
        ({"num_attention_heads": 5}, "not a multiple"),
        ({"hidden_act": "swish"}, "activation 'swish'"),
        ({"position_embedding_type": "relative_key"}, "not a BERT-"),
        ({"is_decoder": True}, "not a BERT-"),
        ({"embedding_size": 16}, "not a BERT-"),
    ],
)
def test_what_is_no_bert(change: dict[str, object], message: str) -> None:
    with pytest.raises(WeightsInvalid, match=message) as caught:
        Shape.from_config({**CONFIG, **change}, "bert", "FILE")
    assert "FILE" in str(caught.value)


def test_tensor_names_are_the_librarys() -> None:
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(**CONFIG))
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert Shape.from_config(CONFIG, "bert", "FILE").tensors(pooler=True) == expected

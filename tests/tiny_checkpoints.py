"""Tiny checkpoints in the layouts of published models, with what the transformers library makes of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel, RobertaConfig, RobertaModel

WORDS = "the a an and not no was is are it we you kind warm cold rain train late never again very so fine awful glad"

TEXTS = (
    "The rain was WARM, and we are glad!",
    "",
    "never again",
    "a café so fine 😀 it is unkind",
    "no\tno\nno  ",
    "late " * 90,
)

TREES = (
    "(3 (2 (2 the) (2 rain)) (3 (2 was) (4 (2 not) (1 (1 so) (1 cold)))))",
    "(1 (1 never) (2 again))",
    "(2 (2 (2 rain) (2 rain)) (2 (2 and) (2 (2 rain) (2 rain))))",
    "(3 (3 glad) (2 (2 (2 and) (2 unkindly)) (1 awful)))",
)


@dataclass(frozen=True)
class Tiny:
    """A random network with the reference that its library gives."""

    architecture: str
    model: Any
    config: dict[str, Any]

    def state(self, prefix: str = "", *, pooler: bool = True) -> dict[str, torch.Tensor]:
        """The encoder's tensors as a file holds them."""
        return {
            prefix + name: tensor.clone()
            for name, tensor in self.model.state_dict().items()
            if pooler or not name.startswith("pooler.")
        }

    def reference(self, ids: Sequence[int]) -> dict[str, np.ndarray]:
        """cls, mean, last, pooler and all token vectors of one text, without padding."""
        with torch.inference_mode():
            output = self.model(input_ids=torch.tensor([list(map(int, ids))]))
        states = output.last_hidden_state[0].numpy()
        return {
            "cls": states[0],
            "mean": states.mean(0),
            "last": states[-1],
            "pooler": output.pooler_output[0].numpy(),
            "states": states,
        }


def tiny_bert(*, vocabulary: int, positions: int = 160, seed: int = 0, width: int = 32) -> Tiny:
    """A BERT whose every tensor is far from its initial value."""
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * width,
        max_position_embeddings=positions,
    )
    return Tiny("bert", _stirred(BertModel(config), seed), _plain(config))


def tiny_roberta(*, vocabulary: int, positions: int = 162, seed: int = 0, width: int = 32) -> Tiny:
    """A RoBERTa whose every tensor is far from its initial value."""
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * width,
        max_position_embeddings=positions,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
    )
    return Tiny("roberta", _stirred(RobertaModel(config), seed), _plain(config))


def tiny_mpnet(*, vocabulary: int, positions: int = 162, seed: int = 0, width: int = 32, padding: int = 1) -> Tiny:
    """An MPNet whose every tensor is far from its initial value."""
    config = MPNetConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * width,
        max_position_embeddings=positions,
        layer_norm_eps=1e-5,
        pad_token_id=padding,
    )
    return Tiny("mpnet", _stirred(MPNetModel(config), seed), _plain(config))


def write_mpnet_vocabulary(directory: Path) -> int:
    """A `tokenizer.json` of word pieces between `<s>` and `</s>`, padded to 128 as the published one; its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    write_wordpiece(directory)
    path = directory / "vocab.txt"
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *path.read_text("utf-8").split("\n")[:-1], "<mask>"]
    path.unlink()
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.enable_padding(length=128, pad_id=1, pad_token="<pad>")
    tokenizer.save(str(directory / "tokenizer.json"))
    return len(tokens)


def _stirred(model: Any, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            mean = 1.0 if "LayerNorm.weight" in name else 0.0
            deviation = model.config.hidden_size**-0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * deviation + mean)
    return model.eval()


def _plain(config: Any) -> dict[str, Any]:
    left_out = ("transformers_version", "architectures", "dtype", "id2label", "label2id")
    return {key: value for key, value in config.to_dict().items() if key not in left_out}


def write_wordpiece(directory: Path) -> int:
    """A `vocab.txt` of a few words, letters and pieces; its size."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    tokens = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS.split(), "un", "##kind", "##ly"]
    tokens += [*letters, *(f"##{letter}" for letter in letters), *"0123456789.,!?#@:/()[]'"]
    tokens = list(dict.fromkeys(tokens))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    return len(tokens)


def write_bpe(directory: Path) -> int:
    """`vocab.json` and `merges.txt` of byte-level BPE with a few merges; the vocabulary's size."""
    from tokenizers.pre_tokenizers import ByteLevel

    merges = ["Ġ t", "Ġt h", "Ġth e", "r a", "i n", "ra in", "Ġ rain", "Ġ w", "Ġw a", "Ġwa s", "n o", "no t", "Ġ not"]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet())]
    tokens += [merge.replace(" ", "") for merge in merges] + ["<mask>"]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    (directory / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    return len(tokens)


def write_weights(path: Path, state: dict[str, torch.Tensor]) -> None:
    """A state dict as safetensors or as a pickle, by the file's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)


def write_config(path: Path, config: dict[str, Any], *without: str) -> None:
    """A configuration file, some keys left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: value for key, value in config.items() if key not in without}))


def old_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names of files converted from TensorFlow."""
    return {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in state.items()
    }


def heads(names: Sequence[str], width: int = 32) -> dict[str, torch.Tensor]:
    """Tensors of training heads under the given names."""
    return {f"{name}.weight": torch.randn(width, width) for name in names}

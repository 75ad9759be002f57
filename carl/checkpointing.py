"""Files of a run: the encoder as others load it, and the state from which training goes on.

The checkpoint is in sentence-transformers' layout with a plain transformers model in it, so that `SentenceTransformer`,
`AutoModel` and the harness all read it: weights in float16, half the size, and `dtype: float32` in the configuration,
so that they are computed with in float32.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carl.backbone import Start
from carl.pieces import pieces_list, read_pieces, remove_pieces, write_pieces
from carl.provenance import RUN_RECORD
from harness.errors import StorageFault, UsageError, WeightsInvalid
from harness.files import atomic_write, write_bytes, write_text
from harness.transformer.checkpoint import TRAINING_TEXTS as TRAINING_TEXTS

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

_SPECIAL = {
    "bert": {"unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"},
    "roberta": {
        **{"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>"},
        **{"pad": "<pad>", "cls": "<s>", "mask": "<mask>"},
    },
}

#: Keys of a configuration file that describe the architecture.
_ARCHITECTURE = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("max_position_embeddings", "type_vocab_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range"),
    *("bos_token_id", "eos_token_id"),
)


def write_checkpoint(
    directory: Path,
    tensors: Mapping[str, Tensor],
    start: Start,
    *,
    card: str,
    record: Mapping[str, Any],
    hashes: Sequence[str] | None,
) -> None:
    """Write a trained encoder.

    Args:
        directory: becomes the checkpoint.
        tensors: canonical name → tensor; the pooler is left out, it is thrown away after training.
        start: the backbone it came from: architecture and tokeniser.
        card: the model card, Markdown.
        record: how it was made.
        hashes: of the training texts; None writes no list of them, which says nothing about what they were.

    Raises:
        WeightsInvalid: a weight does not fit float16.
        StorageFault: the directory cannot be written.
    """
    import torch
    from safetensors.torch import save

    names = start.shape.tensors(pooler=False)
    narrow = {name: tensors[name].detach().cpu().to(torch.float16).contiguous() for name in names}
    broken = [name for name, tensor in narrow.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise WeightsInvalid(f"the trained weights do not fit float16 ({', '.join(broken[:3])}): training diverged")
    roberta = start.shape.architecture == "roberta"
    write_bytes(directory / "model.safetensors", save(narrow, {"format": "pt"}), "trained weights")
    write_text(directory / "tokenizer.json", _plain_tokenizer(start), "the tokeniser")
    special = {f"{role}_token": token for role, token in _SPECIAL[start.shape.architecture].items()}
    files: dict[str, Any] = {
        "config.json": {
            "architectures": ["RobertaModel" if roberta else "BertModel"],
            "model_type": "roberta" if roberta else "bert",
            **{key: start.config[key] for key in _ARCHITECTURE if key in start.config},
            "layer_norm_eps": start.shape.epsilon,
            "pad_token_id": start.shape.padding,
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "RobertaTokenizer" if roberta else "BertTokenizer",
            "model_max_length": start.shape.max_tokens,
            **({} if roberta else {"do_lower_case": start.lower_case}),
            **special,
        },
        "special_tokens_map.json": special,
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": start.shape.hidden,
            "pooling_mode_cls_token": True,
            "pooling_mode_mean_tokens": False,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        "sentence_bert_config.json": {"max_seq_length": start.shape.max_tokens, "do_lower_case": False},
        RUN_RECORD: record,
    }
    for name, content in files.items():
        write_text(directory / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n", name)
    if hashes is None:
        (directory / TRAINING_TEXTS).unlink(missing_ok=True)
    else:
        write_text(directory / TRAINING_TEXTS, "".join(f"{line}\n" for line in hashes), "hashes of training texts")
    write_text(directory / "README.md", card, "the model card")


def _plain_tokenizer(start: Start) -> str:
    """The tokeniser's file, without truncation or padding of its own."""
    start.tokenizer.no_truncation()
    start.tokenizer.no_padding()
    return str(start.tokenizer.to_str(pretty=True))


def has_state(path: Path) -> bool:
    """Whether `write_state` wrote a state there, whole or in pieces."""
    return path.is_file() or pieces_list(path).is_file()


def remove_state(path: Path) -> None:
    """Remove a state, whole or in pieces; nothing happens when there is none."""
    path.unlink(missing_ok=True)
    remove_pieces(path)


def write_state(path: Path, state: Mapping[str, Any], piece_size: int | None = None) -> None:
    """Write the state of a run, whole or not at all.

    Args:
        path: the file, or the name that the pieces share.
        state: tensors and plain values only.
        piece_size: most bytes in a file; None writes a single one. What was written in the other way is removed.
    """
    import torch

    if piece_size is None:
        with atomic_write(path, "the state of the training run") as file:
            torch.save(dict(state), file)
        remove_pieces(path)
        return
    content = io.BytesIO()
    torch.save(dict(state), content)
    write_pieces(path, content.getvalue(), piece_size)
    path.unlink(missing_ok=True)


def read_state(path: Path) -> dict[str, Any]:
    """Read a state that `write_state` wrote, whole or in pieces; no code in it is ever run.

    Raises:
        StorageFault: damaged.
    """
    import torch

    source = path if path.is_file() else io.BytesIO(read_pieces(path))
    try:
        _check_archive(source)
        state = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # the reader raises many kinds, all of which mean the file
        raise StorageFault(f"{path} cannot be read ({error}); remove it to begin again") from error
    if not isinstance(state, dict):
        raise StorageFault(f"{path} holds no training state; remove it to begin again")
    return state


def _check_archive(source: Path | io.BytesIO) -> None:
    """Compare every part of a state with its checksum, which the reader of tensors does not.

    Raises:
        ValueError: names a part that was changed.
    """
    with zipfile.ZipFile(source) as archive:
        changed = archive.testzip()
    if changed is not None:
        raise ValueError(f"its part {changed} was changed")
    if isinstance(source, io.BytesIO):
        source.seek(0)


@contextmanager
def fits_run(path: Path) -> Iterator[None]:
    """Turn whatever a state that is no state of this run raises into one error.

    Raises:
        StorageFault: names the file.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, UsageError) as error:
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise StorageFault(
            f"{path} holds no state of such a run ({type(error).__name__}: {reason}); remove it to begin again"
        ) from error


def restore_optimiser(optimiser: Optimizer, state: Mapping[str, Any]) -> None:
    """Load an optimiser's state, checked: torch itself takes tensors of any shape and fails at the next step.

    Args:
        optimiser: AdamW with the parameters and groups of the run.
        state: of `state_dict`.

    Raises:
        ValueError: it is of other parameters.
    """
    import torch

    groups, own = state["param_groups"], optimiser.state_dict()["param_groups"]
    if len(groups) != len(own) or any(
        group["params"] != mine["params"] or any(name != "lr" and group.get(name, v) != v for name, v in mine.items())
        for group, mine in zip(groups, own, strict=True)
    ):
        raise ValueError("its optimiser has other groups of parameters")
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for number, kept in state["state"].items():
        size = parameters[number].shape
        means = [kept[name] for name in ("exp_avg", "exp_avg_sq")]
        if not all(isinstance(mean, torch.Tensor) and mean.shape == size for mean in means):
            raise ValueError(f"its optimiser has other sizes than parameter {number}")
        if float(kept["step"]) < 0:
            raise ValueError("its optimiser counts steps from below 0")
    optimiser.load_state_dict(dict(state))

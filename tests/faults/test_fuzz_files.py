"""Damaged files of every other kind: what cannot be read is told in the project's own words, and harms nobody."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.leaderboard.ablation import read_ablations

from carl.curves import read_curves
from carl.heads import read_heads
from carl.pieces import read_pieces, write_pieces
from carl.provenance import read_record
from carl.shipped import card_of
from harness.contamination import read_evidence
from harness.embeddings import EmbeddingSpace
from harness.encoder import EncoderCard
from harness.errors import BenchError
from harness.interop import read_mteb
from harness.leaderboard import build_tables, long_csv, long_rows, render
from harness.leaderboard.published import read_published
from harness.outcome import Metric
from harness.record import Failure, ModelFacts, Record, ResultStore, pack
from harness.statistics import scored
from harness.transformer.checkpoint import read_config, read_tensors, read_training_texts
from harness.transformer.safety import check_directory
from harness.transformer.shape import Shape
from harness.transformer.tokenization import load_tokenizer


def _beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


mutated = _beside("mutations").mutated

#: A damaged file is given to one of these; it returns, or raises what a user is told.
Reader = Callable[[], object]


def _json(content: object) -> bytes:
    return json.dumps(content, indent=1).encode()


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _record() -> Record:
    return Record(
        model=ModelFacts(name="minilm", family="minilm", fingerprint="f1", dimensions=384, max_length=128),
        task="emotion",
        corpus="goemotions",
        protocol="ekman6-mapped/1",
        split="test",
        seed=0,
        status="ok",
        data="d1",
        metrics={"accuracy": Metric(0.5, 0.4, 0.6), "macro.f1": Metric(0.4, 0.3, 0.5)},
        counts={"test": 4},
        details={"classes": ["joy", "fear"], "mae_observed": {"valence": 0.5}},
        contamination={
            "state": "overlap",
            "basis": "text",
            "corpus": "goemotions",
            "declared": ["goemotions:train"],
            "matches": [
                {"trained_on": "a", "why": "b", "basis": "text", "counts": {"part": "test", "rows": 4, "normal": 1}}
            ],
            "notes": [{"trained_on": "c", "kind": "same site", "text": "d"}],
        },
        timings={"encode": 1.0},
        environment={"python": "3.11"},
        created="2026-01-01T00:00:00+00:00",
    )


def record(folder: Path) -> tuple[Path, bytes, Reader]:
    """A record without checksum, as a stranger would make it; what is read is shown in every form."""
    store = ResultStore(folder)
    path = store.save(_record())
    document = json.loads(path.read_bytes())
    del document["checksum"]

    def read() -> None:
        records = list(store)
        tasks = {"emotion/goemotions/ekman6-mapped/1": ("macro.f1", "accuracy")}
        tables = build_tables(records, suite="paper", intervals=True, tasks=tasks)
        for fmt in ("plain", "markdown", "html", "latex", "csv", "json"):
            render(tables, fmt).encode()
        long_csv(long_rows(records, tasks)).encode()

    return path, _json(document), read


def failed_record(folder: Path) -> tuple[Path, bytes, Reader]:
    """A record of a failure."""
    store = ResultStore(folder)
    record = Record(
        model=ModelFacts(name="bert"),
        task="polarity",
        corpus="mr",
        protocol="senteval-lr/1",
        split="cv10",
        seed=0,
        status="failed",
        failure=Failure(kind="ValueError", message="no", traceback="a.py:1 in b"),
    )
    path = store.save(record)
    document = json.loads(path.read_bytes())
    del document["checksum"]
    return path, _json(document), lambda: list(store)


def predictions(folder: Path) -> tuple[Path, bytes, Reader]:
    """Predictions that no checksum vouches for; what is read gives numbers."""
    store = ResultStore(folder)
    path = store.save(_record()).with_suffix(".npz")
    arrays = {"gold": np.array([0, 1, 1, 0], np.int8), "predicted": np.array([0, 1, 0, 0], np.int8)}
    return path, pack(arrays), lambda: _numbers(store.predictions(_record()))


def arrays_in_predictions(folder: Path) -> tuple[Path, bytes, Reader]:
    """The same with the damage inside of a valid archive, whose own checksums then fit."""
    path, whole, _ = predictions(folder)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        content = archive.read("gold.npy")

    def read() -> None:
        damaged = path.read_bytes()
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("gold.npy", damaged)
            archive.writestr("predicted.npy", content)
        _numbers(ResultStore(folder).predictions(_record()))

    return path, content, read


def _numbers(arrays: Any) -> None:
    if arrays is not None:
        found = (scored(metric, arrays) for metric in ("accuracy", "macro.f1", "pearson"))
        assert all(np.isfinite(score.value) for score in found if score is not None)


def _shard(folder: Path, suffix: str) -> tuple[Path, bytes, Reader]:
    place = folder / "space"
    space = EmbeddingSpace(place, "{}")
    space.add(["one", "two"], np.ones((2, 3), np.float32))
    kept = {path.name: path.read_bytes() for path in place.iterdir()}
    (path,) = place.glob(f"*{suffix}")

    def read() -> None:
        for name, content in kept.items():  # a shard that was found damaged is removed
            if name != path.name and not (place / name).exists():
                (place / name).write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = EmbeddingSpace(place, "{}")
            lost = again.missing(["one", "two"])
            again.add(lost, np.ones((len(lost), 3), np.float32))
        np.testing.assert_array_equal(again.gather(["two", "one"]), np.ones((2, 3)))
        for file in set(place.iterdir()) - {place / name for name in kept}:
            file.unlink()

    return path, kept[path.name], read


def shard_index(folder: Path) -> tuple[Path, bytes, Reader]:
    """The index of an embedding shard: whatever it says, the vectors are the right ones."""
    return _shard(folder, ".json")


def shard_vectors(folder: Path) -> tuple[Path, bytes, Reader]:
    """The vectors of a shard."""
    return _shard(folder, ".npy")


def published(folder: Path) -> tuple[Path, bytes, Reader]:
    """The paper's numbers."""
    content = (
        b"table,base,model,encoder,corpus,metric,value,trained_on\n"
        b"I,BERT,BERT,bert,pooled,valence.pearson,0.62,0\n"
        b'II,BERT,"Senti,CSE",senticse,mr,accuracy,86.79,1\n'
    )
    path = folder / "published.csv"
    return path, content, lambda: read_published(path)


def text_evidence(folder: Path) -> tuple[Path, bytes, Reader]:
    """`contamination.json`."""
    entry = {
        "model": "minilm",
        "task_id": "emotion/goemotions/ekman6-mapped/1",
        "contamination": {**_record().contamination, "texts": {"compared": ["a"], "not_compared": {"b": "why"}}},
        "fingerprint": "f1",
        "data": "d1",
        "rows": 4,
        "shared": "0-1,3",
        "remark": "",
        "full": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "clean": {"accuracy": {"value": 0.5, "low": None, "high": None}},
    }

    def read() -> None:
        for found in read_evidence(folder).values():
            found.shared_rows.sum()

    return folder / "contamination.json", _json({"schema": 1, "entries": [entry]}), read


def mteb(folder: Path) -> tuple[Path, bytes, Reader]:
    """A result file of mteb."""
    scores = {"test": [{"accuracy": 0.7, "f1": 0.69, "main_score": 0.7, "hf_subset": "default"}]}
    content = {"dataset_revision": "a", "task_name": "ImdbClassification", "mteb_version": "2.1", "scores": scores}
    place = folder / "org__model" / "rev"
    return place / "Imdb.json", _json(content), lambda: list(read_mteb([folder]))


def mteb_model(folder: Path) -> tuple[Path, bytes, Reader]:
    """What mteb says of a model."""
    path, content, read = mteb(folder)
    _write(path, content)
    return path.with_name("model_meta.json"), _json({"name": "org/model", "revision": "rev"}), read


def ablation(folder: Path) -> tuple[Path, bytes, Reader]:
    """Runs of an ablation."""
    run = {
        "arm": "no-ptd",
        "config": {"name": "carl-minilm-no-ptd"},
        "seed": 1,
        "tasks": {
            "polarity/mr/senteval-lr/1": {
                "status": "ok",
                "split": "cv10",
                "metrics": {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}},
            }
        },
    }
    path = folder / "ablation" / "a" / "runs.jsonl"
    return path, json.dumps(run).encode() + b"\n" + json.dumps(run).encode() + b"\n", lambda: read_ablations(folder)


def training_record(folder: Path) -> tuple[Path, bytes, Reader]:
    """How a checkpoint of ours was trained, and the card that is made of it."""
    content = {
        "name": "carl-minilm",
        "config": {"teacher": None},
        "sources": [{"name": "emobank:train", "title": "EmoBank", "rows": 8062}],
        "step": 10,
        "steps": 20,
        "start": "random",
        "teacher": None,
        "licence": "MIT",
        "backbone": {"name": "minilm", "title": "MiniLM", "training_data": ["snli"]},
        "trained_on": ["emobank:train", "snli"],
    }

    def read() -> None:
        card_of(EncoderCard(name="x", family="bert"), folder)
        read_record(folder)

    return folder / "training.json", _json(content), read


_CONFIG = {
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 10,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}


def configuration(folder: Path) -> tuple[Path, bytes, Reader]:
    """A checkpoint's configuration, and the card of its sizes."""
    path = folder / "config.json"

    def read() -> None:
        card_of(EncoderCard(name="x", family="roberta"), folder)
        Shape.from_config(read_config(path), "bert", str(path)).tensors(pooler=True)

    return path, _json(_CONFIG), read


def modules(folder: Path) -> tuple[Path, bytes, Reader]:
    """The modules that a sentence-transformers model names."""
    content = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    return folder / "modules.json", _json(content), lambda: check_directory(folder)


def word_pieces(folder: Path) -> tuple[Path, bytes, Reader]:
    """A BERT vocabulary."""
    path = folder / "vocab.txt"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s"]
    return path, "\n".join([*words, ""]).encode(), lambda: load_tokenizer([path]).encode("a film")


def byte_pairs(folder: Path) -> tuple[Path, bytes, Reader]:
    """A RoBERTa vocabulary."""
    path, merges = folder / "vocab.json", _write(folder / "merges.txt", b"#version: 0.2\na b\n")
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "ab"]
    content = _json({word: i for i, word in enumerate(words)})
    return path, content, lambda: load_tokenizer([path, merges]).encode("ab")


def tensors(folder: Path) -> tuple[Path, bytes, Reader]:
    """Weights."""
    from safetensors.numpy import save

    path = folder / "model.safetensors"
    return path, save({"a": np.ones((2, 2), np.float32)}), lambda: read_tensors(path)


def pickled_tensors(folder: Path) -> tuple[Path, bytes, Reader]:
    """Weights as a pickle of tensors."""
    import torch

    buffer = io.BytesIO()
    torch.save({"a": torch.ones(2, 2)}, buffer)
    path = folder / "pytorch_model.bin"
    return path, buffer.getvalue(), lambda: read_tensors(path)


def heads(folder: Path) -> tuple[Path, bytes, Reader]:
    """The facts of a checkpoint's heads."""
    return folder / "heads" / "heads.json", _json({"version": 1, "heads": {}}), lambda: read_heads(folder)


def training_texts(folder: Path) -> tuple[Path, bytes, Reader]:
    """Hashes of training texts."""
    return folder / "training_texts.txt", b"0123456789abcdef\n" * 3, lambda: read_training_texts(folder)


def pieces(folder: Path) -> tuple[Path, bytes, Reader]:
    """The list of a state in pieces."""
    whole = folder / "state.pt"
    write_pieces(whole, b"0123456789", 4)
    (path,) = folder.glob("*.json")
    return path, path.read_bytes(), lambda: read_pieces(whole)


def curves(folder: Path) -> tuple[Path, bytes, Reader]:
    """Training curves."""
    path = folder / "curves.jsonl"
    return path, b'{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n', lambda: read_curves(path)


KINDS = (
    *(record, failed_record, predictions, arrays_in_predictions, shard_index, shard_vectors, published, text_evidence),
    *(mteb, mteb_model, ablation, training_record, configuration, modules, word_pieces, byte_pairs, tensors),
    *(pickled_tensors, heads, training_texts, pieces, curves),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_damaged_file_is_read_or_refused_in_our_own_words(kind, quick_path, cases):
    path, content, read = kind(quick_path)
    _write(path, content)
    if kind is not heads:  # whole ones need weights beside them: tests/carl reads those
        read()
    for seed in range(cases):
        _write(path, mutated(content, seed))
        try:
            read()
        except BenchError as error:
            assert str(error)
        except BaseException as error:
            error.add_note(f"{kind.__name__} damaged with seed {seed}")
            raise

"""Damaged files: what cannot be read is told in the project's own words, and harms nobody."""

import json
import warnings

import numpy as np
import pytest

from harness.contamination import read_evidence
from harness.errors import BenchError, RecordSkipped
from harness.leaderboard import build_tables, long_csv, long_frame, render
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore
from harness.store import open_space
from harness.transformer.checkpoint import read_config

TASKS = {"emotion/goemotions/ekman6-mapped/1": ("macro.f1", "accuracy")}
CONTAMINATION = {
    "state": "overlap",
    "basis": "text",
    "corpus": "goemotions",
    "declared": ["goemotions:train"],
    "matches": [{"trained_on": "a", "why": "b", "basis": "text", "counts": {"part": "test", "rows": 4, "normal": 1}}],
    "notes": [{"trained_on": "c", "kind": "same site", "text": "d"}],
}
RECORD = Record(
    model=ModelFacts(name="minilm", family="minilm", fingerprint="f1", dimensions=384, max_length=128),
    task="emotion",
    corpus="goemotions",
    protocol="ekman6-mapped/1",
    split="test",
    seed=0,
    status="ok",
    metrics={"accuracy": Metric(0.5, 0.4, 0.6), "macro.f1": Metric(0.4, 0.3, 0.5)},
    details={"classes": ["joy", "fear"], "mae_observed": {"valence": 0.5}},
    contamination=CONTAMINATION,
    environment={"python": "3.11"},
)


def record(folder):
    """A record without a checksum, as a stranger would make it; what is read is shown in every form."""
    store = ResultStore(folder)
    path = store.save(RECORD)
    document = json.loads(path.read_bytes())
    del document["checksum"]
    path.write_text(json.dumps(document, indent=1))

    def read():
        records = list(store)
        tables = build_tables(records, suite="paper", intervals=True, tasks=TASKS)
        for fmt in ("plain", "markdown", "html", "latex", "csv", "json"):
            render(tables, fmt).encode()
        long_csv(long_frame(records, TASKS)).encode()

    return path, read


def predictions(folder):
    store = ResultStore(folder)
    path = store.save(RECORD, {"gold": np.arange(4), "predicted": np.arange(4)[::-1]}).with_suffix(".npz")
    bare = Record(**{**vars(RECORD), "predictions": ""})
    return path, lambda: store.predictions(bare)


def shard(folder):
    space = open_space(folder, {"fingerprint": "f"})
    space.add(["a", "b"], np.ones((2, 3), np.float32))
    (path,) = space.directory.glob("*.safetensors")
    return path, lambda: open_space(folder, {"fingerprint": "f"}).missing(["a"])


def evidence(folder):
    entry = {
        "model": "minilm", "task_id": "a/b/c/1", "contamination": CONTAMINATION, "fingerprint": "f", "data": "d",
        "rows": 9, "shared": "0-3,7", "full": {"accuracy": {"value": 0.5}}, "clean": {}, "remark": "",
    }  # fmt: skip
    path = folder / "contamination.json"
    path.write_text(json.dumps({"schema": 1, "entries": [entry]}, indent=1))
    return path, lambda: read_evidence(folder)


def config(folder):
    path = folder / "config.json"
    path.write_text(json.dumps({"model_type": "bert", "hidden_size": 8, "vocab_size": 30}, indent=1))
    return path, lambda: read_config(path)


@pytest.mark.parametrize("make", [record, predictions, shard, evidence, config])
def test_a_damaged_file_is_read_or_refused(make, tmp_path, times, mutations):
    path, read = make(tmp_path)
    whole = path.read_bytes()
    read()
    for seed in range(300 * times):
        path.write_bytes(mutations.mutated(whole, seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecordSkipped)
            warnings.simplefilter("ignore", UserWarning)
            try:
                read()
            except BenchError as error:
                assert str(error), seed
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)

"""What SECURITY.md promises: each test fails when its protection is taken away."""

import io
import json
import os
import pickle
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import BenchError, RecordInvalid, RecordSkipped, WeightsInvalid
from harness.leaderboard import build_tables, long_csv, long_frame, render
from harness.outcome import Metric
from harness.record import _CLASSES, _LARGEST_ARCHIVE, Failure, ModelFacts, Record, ResultStore, pack
from harness.store import open_space
from harness.transformer.library import LibraryEngine
from harness.transformer.tensors import check_directory, read_tensors


class Bomb:
    """Leaves a file behind when unpickled by a reader that runs code."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A place that exists only after somebody ran a bomb."""
    return tmp_path / "somebody-ran-it"


def record(**changes: Any) -> Record:
    facts: dict[str, Any] = {
        "model": ModelFacts(name="small", family="minilm"),
        "task": "emotion",
        "corpus": "goemotions",
        "protocol": "ekman6-mapped/1",
        "split": "test",
        "seed": 0,
        "status": "ok",
        "metrics": {"accuracy": Metric(0.5, 0.4, 0.6)},
    }
    return Record(**{**facts, **changes})


# No pickle is loaded unsafely


def npy_of_objects(trace: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(trace)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def test_the_bombs_go_off_where_code_is_run(trace: Path) -> None:
    np.load(io.BytesIO(npy_of_objects(trace)), allow_pickle=True)
    assert trace.is_dir()


def npz(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_predictions_are_no_pickles(tmp_path: Path, trace: Path) -> None:
    store = ResultStore(tmp_path)
    path = store.save(record()).with_suffix(".npz")
    path.write_bytes(npz(("gold.npy", npy_of_objects(trace))))
    with pytest.raises(RecordInvalid, match="is damaged"):
        store.predictions(record())
    assert not trace.exists()


def test_embedding_shards_are_no_pickles(tmp_path: Path, trace: Path) -> None:
    space = open_space(tmp_path, {"fingerprint": "f"})
    content = pickle.dumps(Bomb(trace))
    space.directory.mkdir(parents=True)
    # Whoever can write a shard can give it the name that fits.
    (space.directory / f"{space._name(content)}.safetensors").write_bytes(content)
    with pytest.warns(UserWarning, match="damaged"):
        space.refresh()
    assert not trace.exists()


@pytest.mark.parametrize("form", ["plain", "torch"])
def test_weights_are_no_pickles_of_anything(tmp_path: Path, trace: Path, form: str) -> None:
    path = tmp_path / "pytorch_model.bin"
    if form == "plain":
        path.write_bytes(pickle.dumps({"a": Bomb(trace)}))
    else:
        torch.save({"a": Bomb(trace)}, path)
    for load in (lambda: read_tensors(path), lambda: check_directory(tmp_path)):
        with pytest.raises(WeightsInvalid, match="cannot be read safely"):
            load()
    (tmp_path / "config.json").write_text('{"model_type": "distilbert"}')
    with pytest.raises(WeightsInvalid, match="cannot be read safely"):
        LibraryEngine(tmp_path, "cpu", "float32")
    assert not trace.exists()


def test_the_state_of_a_training_run_is_no_pickle_of_anything(tmp_path: Path, trace: Path) -> None:
    from carl.train import read_state

    path = tmp_path / "state.pt"
    torch.save({"step": Bomb(trace)}, path)
    with pytest.raises(BenchError, match="cannot be read"):
        read_state(path, torch.device("cpu"))
    assert not trace.exists()


def modules(directory: Path, *kinds: str, path: str = "") -> None:
    (directory / "modules.json").write_text(json.dumps([{"type": kind, "path": path} for kind in kinds]))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", [{"type": "antigravity.Loader", "path": ""}]),
        ("modules.json", [{"type": "torch.nn.functional.torch", "path": ""}]),
        ("modules.json", [{"type": "sentence_transformers.models.Transformer", "path": "../outside"}]),
        ("0_Router/router_config.json", {"types": {"query_0": "evil.Evil"}, "structure": {"query": ["query_0"]}}),
        ("0_WordEmbeddings/wordembedding_config.json", {"tokenizer_class": "evil.Evil"}),
        ("2_Dense/config.json", {"in_features": 8, "activation_function": "os.system"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_names_classes_of_the_library_alone(tmp_path: Path, file: str, content: Any) -> None:
    modules(tmp_path, "sentence_transformers.models.Transformer", "sentence_transformers.models.Dense")
    dense = tmp_path / "3_Dense"
    dense.mkdir()
    (dense / "config.json").write_text('{"activation_function": "torch.nn.modules.activation.Tanh"}')
    check_directory(tmp_path)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(json.dumps(content))
    with pytest.raises(WeightsInvalid, match=file):
        check_directory(tmp_path)
    check_directory(tmp_path, trust_remote_code=True)


def test_no_pickle_hides_beside_safetensors_or_behind_a_link(tmp_path: Path, trace: Path) -> None:
    model = tmp_path / "model"
    (model / "2_Dense").mkdir(parents=True)
    torch.save({"a": Bomb(trace)}, model / "2_Dense" / "pytorch_model.bin")
    (model / "2_Dense" / "decoy.safetensors").touch()
    with pytest.raises(WeightsInvalid, match="cannot be read safely"):
        check_directory(model)
    (model / "2_Dense").rename(tmp_path / "outside")
    (model / "2_Dense").symlink_to(tmp_path / "outside")
    modules(model, "sentence_transformers.models.Dense", path="2_Dense")
    with pytest.raises(WeightsInvalid, match="outside the model's directory"):
        check_directory(model)
    assert not trace.exists()


# Archives and names stay in their folder


def test_an_archive_of_reviews_writes_nothing_and_reads_no_link(tmp_path: Path) -> None:
    from harness.corpora.imdb import _from_reviews

    outside = tmp_path / "secret.txt"
    outside.write_text("a secret")
    archive = tmp_path / "folder" / "aclImdb_v1.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("aclImdb/train/neg/0_3.txt", "../escaped.txt", "/tmp/escaped-absolutely.txt",
                     "aclImdb/train/neg/../../../../escaped-too.txt"):  # fmt: skip
            member = tarfile.TarInfo(name)
            member.size = 5
            tar.addfile(member, io.BytesIO(b"Dull."))
        link = tarfile.TarInfo("aclImdb/train/pos/1_9.txt")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        tar.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    texts, _ = _from_reviews(archive, "train")
    assert texts == ["Dull."]
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/escaped-absolutely.txt").exists()


@pytest.mark.parametrize("name", ["../../up", "/etc/passwd", "..", "a\0b", "C:\\x", "x/y"])
def test_a_models_name_is_no_path(tmp_path: Path, name: str) -> None:
    store = ResultStore(tmp_path / "results")
    hostile = record(model=ModelFacts(name=name), corpus=name, protocol=f"{name}/1")
    path = store.path(*hostile.key)
    assert path.resolve().parent.parent == (tmp_path / "results" / "records").resolve()


# Plugins


def test_a_record_never_makes_code_run(tmp_path: Path, trace: Path) -> None:
    from harness.figures import Source as Figures
    from harness.report.sections import model_cards

    file = tmp_path / "evil.py"
    file.write_text(f"import os\nos.mkdir({str(trace)!r})\n")
    store = ResultStore(tmp_path / "results")
    hostile = record(model=ModelFacts(name=f"{file}:Evil", family="x"))
    store.save(hostile)
    tasks = {hostile.task_id: ("accuracy",)}
    assert model_cards(Figures(store, list(store), tasks))
    render(build_tables(list(store), suite="paper", tasks=tasks), "html")
    assert not trace.exists()


# Result files of strangers


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"value": 0.5', '"value": NaN'),
        ('"value": 0.5', '"value": 1e999'),
        ('"value": 0.5', '"value": 1e300'),
        ('"value": 0.5', f'"value": {"9" * 5000}'),
        ('"value": 0.5', '"value": "0.5"'),
        ('"seed": 0', f'"seed": {2**70}'),
        ('"details": {}', '"details": {"x": Infinity}'),
        ('"details": {}', '"details": {"classes": 5}'),
        ('"details": {}', f'"details": {{"x": {"[" * 500}{"]" * 500}}}'),
        ('"details": {}', f'"details": {{"x": {"[" * 100_000}{"]" * 100_000}}}'),
        ('"details": {}', '"details": {"x": "\\ud800"}'),
        ('"contamination": {}', '"contamination": {"matches": [{"counts": {"rows": "many"}}]}'),
        ('"contamination": {}', '"contamination": {"matches": [{"why": ["x"]}]}'),
        ('"status": "ok"', '"status": "excellent"'),
    ],
)
def test_a_record_is_checked_before_anything_is_made_of_it(tmp_path: Path, old: str, new: str) -> None:
    store = ResultStore(tmp_path)
    path = store.save(record())
    document = json.loads(path.read_text())
    del document["checksum"]  # a stranger's program need not write one
    text = json.dumps(document)
    assert old in text
    path.write_text(text)
    assert len(list(store)) == 1
    path.write_text(text.replace(old, new, 1))
    with pytest.warns(RecordSkipped):
        assert not list(store)


def test_predictions_that_claim_too_much_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    path = store.save(record()).with_suffix(".npz")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("gold.npy", "w") as member:
        for _ in range(_LARGEST_ARCHIVE // 2**24 + 1):
            member.write(bytes(2**24))
    assert path.stat().st_size < 2**21
    with pytest.raises(RecordInvalid, match="more than the 1,073,741,824 that are read"):
        store.predictions(record())


@pytest.mark.parametrize(
    "arrays",
    [
        {"gold": np.array([0, _CLASSES]), "predicted": np.array([0, 1])},
        {"gold": np.array([0, -1]), "predicted": np.array([0, 1])},
        {"gold": np.array([0.0, np.nan]), "predicted": np.array([0.0, 1.0])},
        {"gold": np.array([0, 1]), "predicted": np.array([0])},
        {"gold": np.array(["a", "b"]), "predicted": np.array(["a", "b"])},
        {"gold": np.zeros((2, 2, 2)), "predicted": np.zeros((2, 2, 2))},
    ],
    ids=["large", "negative", "nan", "lengths", "words", "cube"],
)
def test_predictions_are_numbers_of_one_row_an_example(tmp_path: Path, arrays: dict[str, Any]) -> None:
    store = ResultStore(tmp_path)
    store.save(record()).with_suffix(".npz").write_bytes(pack(arrays))
    with pytest.raises(RecordInvalid, match="does not hold predictions"):
        store.predictions(record())


# What is shown

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> \\input{/etc/passwd} |x| [a](javascript:b) \033[2J"


def hostile_records() -> list[Record]:
    """A record, and a failure, with markup in every field that holds words."""
    judged = {
        "state": "overlap",
        "basis": HOSTILE,
        "corpus": HOSTILE,
        "declared": [HOSTILE],
        "matches": [{"trained_on": HOSTILE, "why": HOSTILE, "basis": HOSTILE, "evaluated": HOSTILE}],
        "notes": [{"trained_on": HOSTILE, "kind": "same site", "text": HOSTILE}],
    }
    words = ("title", "family", "base", "fingerprint", "pooling", "dtype", "backend", "weights", "revision", "licence")
    facts = ModelFacts(name=HOSTILE, **dict.fromkeys(words, HOSTILE))
    whole = record(
        model=facts,
        details={"classes": [HOSTILE, "b"], "interval": HOSTILE, HOSTILE: HOSTILE},
        contamination=judged,
        environment={HOSTILE: HOSTILE},
        created=HOSTILE,
        data=HOSTILE,
        split=HOSTILE,
    )
    failure = Failure(kind=HOSTILE, message=HOSTILE, traceback=HOSTILE)
    lost = record(model=replace(facts, name=f"{HOSTILE} 2"), status="failed", metrics={}, failure=failure)
    other = record(model=facts, task=HOSTILE, corpus=HOSTILE, protocol=HOSTILE, metrics={HOSTILE: Metric(0.5)})
    return [whole, lost, other]


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[ResultStore, list[Record], dict[str, tuple[str, ...]]]:
    store = ResultStore(tmp_path / "results")
    for made in hostile_records():
        store.save(made)
    records = list(store)
    tasks = {made.task_id: tuple(made.metrics) or ("accuracy",) for made in records}
    return store, records, tasks


def test_html_shows_words_and_no_markup_of_them(hostile: Any) -> None:
    from harness.report import build_report

    store, records, tasks = hostile
    pages = [
        render(build_tables(records, suite="paper", tasks=tasks), "html"),
        build_report(store, records, tasks, suite="paper"),
    ]
    for page in pages:
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\033" not in page
    assert "script-src &#39;sha256-" in pages[1]


def test_markdown_latex_and_the_terminal_show_words_and_no_commands(hostile: Any) -> None:
    _, records, tasks = hostile
    tables = build_tables(records, suite="paper", tasks=tasks)
    markdown, latex, plain = (render(tables, fmt) for fmt in ("markdown", "latex", "plain"))
    assert "alert(1)" in markdown
    assert "<script" not in markdown
    assert "<img" not in markdown
    assert "[a](javascript" not in markdown
    assert r"\input{" not in latex
    assert r"\textbackslash{}input" in latex
    assert "\033" not in markdown + latex + plain


def test_a_spreadsheet_computes_nothing(tmp_path: Path) -> None:
    made = record(model=ModelFacts(name='=HYPERLINK("http://x")', title="@SUM(A1)", family="+1+1"))
    tasks = {made.task_id: ("accuracy",)}
    texts = (long_csv(long_frame([made], tasks)), render(build_tables([made], suite="paper", tasks=tasks), "csv"))
    for text, shown in zip(texts, ("HYPERLINK", "SUM"), strict=True):
        assert shown in text
        cells = [cell.strip('"') for line in text.splitlines() for cell in line.split(",")]
        assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]

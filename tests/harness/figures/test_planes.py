"""Projections: from the cache once, then from beside the records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from harness.corpora import CorpusRegistry
from harness.figures import Drawing, NotDrawn, Source, draw_all
from harness.figures.planes import plane_of, project
from harness.outcome import Metric
from harness.record import ModelFacts, Record, ResultStore
from harness.registry import tasks
from harness.store import EmbeddingStore

TASK = "geometry/sample/ekman6-single/1"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """One model on the embedded sample, its vectors in the cache."""
    library = CorpusRegistry(None, tmp_path / "cache", offline=True)
    prepared = tasks()[TASK].prepare(library)
    model = ModelFacts(name="m", title="M", fingerprint="f", pooling="cls", dtype="float32", max_length=64)
    record = Record(
        model=model,
        task="geometry",
        corpus="sample",
        protocol="ekman6-single/1",
        split="test",
        seed=0,
        status="ok",
        data=prepared.fingerprint,
        metrics={"separation": Metric(0.1)},
        environment={"device": "cpu"},
    )
    store = ResultStore(tmp_path / "results")
    store.save(record)
    texts = list(dict.fromkeys(prepared.texts))
    facts = {"fingerprint": "f", "pooling": "cls", "max_length": 64, "dtype": "float32", "backend": "", "device": "cpu"}
    space = EmbeddingStore(tmp_path / "cache").space(facts)
    space.add(texts, np.random.default_rng(0).normal(size=(len(texts), 8)).astype(np.float32))
    return Source.of(store, store, library=library, cache_dir=tmp_path / "cache")


def test_a_plane_is_kept_and_read_without_cache_and_corpus(source: Source) -> None:
    made = plane_of(source, "m", TASK)
    kept = plane_of(replace(source, library=None, cache_dir=None), "m", TASK)
    assert np.array_equal(made["points"], kept["points"])
    assert kept["points"].shape == (len(kept["labels"]), 2)
    assert len(kept["classes"]) == 6
    files = list((source.store.directory / "planes").rglob("*.npz"))
    assert len(files) == 1
    before = files[0].read_bytes()
    files[0].unlink()
    plane_of(source, "m", TASK)
    assert files[0].read_bytes() == before


def test_the_figure_is_drawn_from_what_is_kept(source: Source) -> None:
    (first,) = draw_all(source, ["pca"])
    (second,) = draw_all(replace(source, library=None, cache_dir=None), ["pca"])
    assert isinstance(first, Drawing)
    assert isinstance(second, Drawing)
    assert "of variance" in first.figure.axes[0].get_xlabel()
    assert first.caption == second.caption


def test_a_plane_of_other_weights_is_not_used(source: Source) -> None:
    plane_of(source, "m", TASK)
    (record,) = source.records
    changed = replace(record, model=replace(record.model, fingerprint="other"))
    with pytest.raises(NotDrawn, match="bench run --fresh --models m encodes them again"):
        plane_of(replace(source, records=(changed,)), "m", TASK)


def test_projection_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 12)) * np.arange(12, 0, -1)
    points, explained = project(vectors.astype(np.float32))
    unit = vectors.astype(np.float32).astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    other = PCA(2).fit(unit)
    np.testing.assert_allclose(np.abs(points), np.abs(other.transform(unit)), atol=1e-8)
    np.testing.assert_allclose(explained, other.explained_variance_ratio_, rtol=1e-8)
    assert ((points**3).sum(axis=0) > 0).all()

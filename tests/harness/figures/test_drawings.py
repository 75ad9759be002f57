"""Every figure is drawn, says what it shows, and is the same each time."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from harness.figures import FIGURES, Absent, Drawing, Source, draw_all, to_bytes
from harness.figures.comparisons import forest
from harness.record import ResultStore

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def source(small_results: Path) -> Source:
    store = ResultStore(small_results)
    return Source(store, store)


@pytest.fixture(scope="module")
def drawn(source: Source) -> dict[str, Drawing | Absent]:
    return {item.key: item for item in draw_all(source)}


def test_all_figures_of_a_small_set(drawn: dict[str, Drawing | Absent]) -> None:
    assert list(drawn) == list(FIGURES)
    absent = {key: item.reason for key, item in drawn.items() if isinstance(item, Absent)}
    assert set(absent) == {"plane-emotales", "trade-off"}
    assert "nothing was measured on EmoTales" in absent["plane-emotales"]


@pytest.mark.slow
@pytest.mark.parametrize("key", ["forest", "geometry", "plane-emobank", "confusion-sst5"])
def test_equal_material_gives_equal_bytes(drawn: dict[str, Drawing | Absent], source: Source, key: str) -> None:
    first = drawn[key]
    (second,) = draw_all(source, [key])
    assert isinstance(first, Drawing)
    assert isinstance(second, Drawing)
    svg = to_bytes(first, "svg")
    assert svg == to_bytes(second, "svg")
    assert first.caption == second.caption
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert not list(root.iter(f"{SVG}script"))
    assert b"date" not in svg


def test_forest_puts_what_is_better_to_the_right(source: Source) -> None:
    """Of the only task with an error as its main metric, the model with the smaller error is on the right."""
    tasks = {"valence-arousal/emobank/official/1": ("valence.mae",)}
    # `compare` takes the record's first number as the main one.
    records = [
        replace(r, metrics={"valence.mae": r.metrics["valence.mae"]}) for r in source.records if r.task_id in tasks
    ]
    figure = forest(Source(source.store, records, tasks, baseline="lexicon"))
    (axes,) = figure.figure.axes
    points = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 1]
    assert len(points) == 2
    assert all(x > 0 for x in points), "the lexicon has the largest error"


def test_no_number_of_the_geometry_covers_another(drawn: dict[str, Drawing | Absent]) -> None:
    item = drawn["geometry"]
    assert isinstance(item, Drawing)
    for axes in item.figure.axes[:2]:
        boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
        assert boxes
        assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))


def test_nothing_measured_is_no_crash(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    found = list(draw_all(Source(store, store)))
    assert len(found) == len(FIGURES)
    assert all(isinstance(item, Absent) and item.reason for item in found)


def test_predictions_come_from_the_first_seed(source: Source) -> None:
    arrays = source.predictions("bert", "polarity/mr/senteval-lr/1")
    assert arrays is not None
    assert np.mean(arrays["gold"] == arrays["predicted"]) == pytest.approx(
        source.value("bert", "polarity/mr/senteval-lr/1", "accuracy")
    )
    assert source.predictions("sentix", "polarity/mr/senteval-lr/1") is None


def test_nothing_is_concluded_from_numbers_of_a_model_that_may_have_seen_the_texts(source: Source) -> None:
    task = "polarity/mr/senteval-lr/1"
    records = [
        replace(r, contamination={"state": "overlap"}) if (r.model.name, r.task_id) == ("lexicon", task) else r
        for r in source.records
    ]
    figure = forest(Source(source.store, records, {task: ("accuracy",)})).figure
    looks = {line.get_marker() for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert "x" in looks
    assert figure.get_supxlabel() == "difference to BERT"

"""Damaged files of every corpus: the reader gives rows, or says in the project's own words what is wrong."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.pins import PinnedCard, pin_of
from harness.corpora.shelves import BUILTIN
from harness.corpora.sources import CorpusFiles
from harness.errors import BenchError


def _beside(name: str) -> Any:
    """A module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


LAYOUTS = _beside("layouts").LAYOUTS
mutated = _beside("mutations").mutated


def _readers(layout: Any, root: Path) -> list[tuple[Any, CorpusFiles]]:
    """The corpus without pins, whose reader sees all, and where it has pins, held to them."""
    card = layout.kind().card
    known: dict[str, Any] = {"rows": {layout.split: sum(layout.rows)}}
    if hasattr(card, "classes"):
        known["classes"] = {layout.split: {}}
    cards = [replace(card, **known, **({"pins": {}} if isinstance(card, PinnedCard) else {}))]
    files = CorpusFiles(card=cards[0], data_dir=root, cache_dir=root / "none", offline=True)
    if isinstance(card, PinnedCard):
        truth = layout.kind(cards[0]).read(layout.split, files)
        cards.append(replace(card, **known, pins={layout.split: pin_of(truth, layout.rows)}))
    return [(layout.kind(own), replace(files, card=own)) for own in cards]


def test_every_corpus_with_files_is_here():
    read = {layout.kind.__module__ for layout in LAYOUTS.values()}
    assert {value.partition(":")[0] for value in BUILTIN.values()} - read == {
        "harness.corpora.sample",
        "harness.corpora.ratings",
    }


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_damaged_file_is_rows_or_an_error_of_our_own(name, quick_path, cases):
    layout = LAYOUTS[name]
    for path, content in layout.files.items():
        (quick_path / path).parent.mkdir(parents=True, exist_ok=True)
        (quick_path / path).write_bytes(content)
    readers = _readers(layout, quick_path)
    for reader, files in readers:
        reader.read(layout.split, files)
    refused = 0
    for seed in range(cases):
        names = list(layout.files)
        chosen = names[seed % len(names)]
        (quick_path / chosen).write_bytes(mutated(layout.files[chosen], seed))
        reader, files = readers[seed // len(names) % len(readers)]
        try:
            reader.read(layout.split, files).fingerprint  # noqa: B018 (a digest of every text and label)
        except BenchError as error:
            refused += 1
            assert reader.card.name in str(error), error
        except Exception as error:
            error.add_note(f"{name}: {chosen} damaged with seed {seed}")
            raise
        (quick_path / chosen).write_bytes(layout.files[chosen])
    assert refused > cases / 4

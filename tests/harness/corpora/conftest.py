"""Small corpora in the official layouts, pinned to what the tests wrote, and the real ones where they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.base import Examples
from harness.corpora.pins import Pin, pin_of
from harness.corpora.shelves import Library
from harness.corpora.sources import CorpusFiles


@dataclass
class Tiny:
    """A corpus of a few rows below `root`, held to them as the real one is held to its own."""

    corpus: Any
    root: Path
    truth: Mapping[str, Examples]

    def read(self, split: str, root: Path | None = None) -> Examples:
        """Read a split, from the folder it was made in or from another."""
        files = CorpusFiles(
            card=self.corpus.card,
            data_dir=root or self.root,
            cache_dir=self.root / "no-cache",
            offline=True,
            recipes=getattr(self.corpus, "recipes", {}),
        )
        examples: Examples = self.corpus.read(split, files)
        return examples

    def path(self, name: str) -> Path:
        """A file of the corpus."""
        return self.root / name

    def edit(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Rewrite a file of the corpus."""
        path = self.path(name)
        path.write_bytes(change(path.read_bytes()))


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Tiny]:
    """Write files below a fresh folder and pin a reader to their rows."""

    def make(
        kind: Any,
        contents: Mapping[str, bytes],
        rows: Mapping[str, Sequence[int]],
        varying: Mapping[str, Sequence[int]] | None = None,
    ) -> Tiny:
        root = tmp_path / "data"
        for name, content in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        counts = {split: sum(parts) for split, parts in rows.items()}
        loose = Tiny(kind(replace(kind().card, rows=counts, pins={})), root, {})
        truth = {split: loose.read(split) for split in rows}
        pins: dict[str, Pin] = {
            split: pin_of(truth[split], parts, (varying or {}).get(split, ())) for split, parts in rows.items()
        }
        return Tiny(kind(replace(kind().card, rows=counts, pins=pins)), root, truth)

    return make


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library over the real files; skips where they are not."""
    root = Path(os.environ.get("AFFECTBENCH_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (root / "emobank" / "emobank.csv").is_file():
        pytest.skip(f"the published data sets are not at {root}; set AFFECTBENCH_DATA to their folder")
    return Library(root, tmp_path_factory.mktemp("cache"), offline=True)

"""The real files; their texts and labels are pinned by checksum, so that only what is said of them is checked here."""

import numpy as np
import pytest

from harness.corpora import CorpusRegistry
from harness.corpora.registry import builtin
from harness.errors import DataMissing

SERVED = [name for name, corpus in builtin().items() if corpus.card.checksums or name == "imdb"]


@pytest.mark.parametrize("name", SERVED)
def test_published_files_are_accepted(published: CorpusRegistry, name: str) -> None:
    card = published.card(name)
    try:
        splits = [published.load(name, split) for split in card.rows]
    except DataMissing:
        assert name.startswith("ratings-")
        pytest.skip("the archive is not below AFFECTBENCH_DATA/ratings")
    for split in splits:
        assert len(set(split.ids)) == len(split)
        for label, marks in (split.raters or {}).items():
            low, high = split.scales[label]
            assert low <= np.nanmin(marks) <= np.nanmax(marks) <= high


def test_emobank_panels_average_to_its_labels(published: CorpusRegistry) -> None:
    dev = published.load("emobank", "dev")
    assert dev.texts[dev.ids.index("easy_money_13624_13628")] == "None"
    assert dev.raters is not None
    # The label weighs the two panels by their size.
    assert np.abs(dev.raters["valence"].mean(axis=1) - dev.labels["valence"]).max() < 0.4


def test_emotales_raters_average_to_its_labels(published: CorpusRegistry) -> None:
    examples = published.load("emotales", "all")
    assert examples.raters is not None
    for label, marks in examples.raters.items():
        assert (~np.isnan(marks)).sum(axis=1).min() == 6
        assert np.array_equal(np.nanmean(marks, axis=1), examples.labels[label])


def test_goemotions_quoting_is_undone(published: CorpusRegistry) -> None:
    assert published.data_dir is not None
    for split, quoted in (("train", 1_097), ("dev", 137), ("test", 149)):
        lines = (published.data_dir / "goemotions" / f"{split}.tsv").read_bytes().decode().split("\n")[:-1]
        texts = published.load("goemotions", split).texts
        assert sum(line.split("\t")[0] != text for line, text in zip(lines, texts, strict=True)) == quoted


def test_codes_of_cat_v_are_kept(published: CorpusRegistry) -> None:
    assert sum("M-" in text for text in published.load("mr", "all").texts) == 202
    assert sum("M-" in text for text in published.load("subj", "all").texts) == 113


def test_imdb_copy_holds_texts_that_are_no_reviews(published: CorpusRegistry) -> None:
    assert "app" in published.load("imdb", "train").texts[12_500].split()[1]

from collections import Counter

import pytest

from harness.leaderboard.tables import Published, load_published


def number(table: str, base: str, model: str, corpus: str, metric: str) -> Published:
    found = [
        n
        for n in load_published()
        if (n.table, n.base, n.model, n.corpus, n.metric) == (table, base, model, corpus, metric)
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("table", "base", "model", "corpus", "metric", "printed"),
    [
        ("I", "BERT", "BERT", "pooled", "valence.pearson", "0.673"),
        ("I", "RoBERTa", "CARL", "pooled", "valence.pearson", "0.741"),
        ("I", "RoBERTa", "CARL", "pooled", "arousal.mae", "0.097"),
        ("I", "RoBERTa", "SentiCSE", "pooled", "arousal.mae", "0.170"),
        ("II", "BERT", "SentiX", "cr", "accuracy", "91.01"),
        ("II", "RoBERTa", "SentiCSE", "mr", "accuracy", "97.41"),
        ("II", "RoBERTa", "CARL", "imdb", "accuracy", "92.41"),
        ("III", "RoBERTa", "CARL", "goemotions", "accuracy", "73.84"),
        ("III", "BERT", "CARL", "goemotions", "recall", "0.701"),
        ("IV", "RoBERTa", "RoBERTa", "goemotions", "alignment", "0.0088"),
        ("IV", "BERT", "SentiX", "goemotions", "uniformity", "-2.1505"),
        ("V", "BERT", "CARL", "pooled", "valence.pearson", "0.72"),
        ("V", "RoBERTa", "Base RWA", "sst5", "accuracy", "41.49"),
    ],
)
def test_numbers_are_as_printed(table: str, base: str, model: str, corpus: str, metric: str, printed: str) -> None:
    assert number(table, base, model, corpus, metric).printed == printed


def test_sums_guard_every_digit() -> None:
    """Sums over the printed tables in ten-thousandths: any altered number changes one."""
    sums = Counter[str]()
    for n in load_published():
        sums[n.table] += round(n.value * 10_000)
    assert sums == {"I": 253_870, "II": 28_041_600, "III": 6_363_720, "IV": -40_052, "V": 24_813_100}

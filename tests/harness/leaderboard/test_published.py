from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from harness.errors import DataInvalid
from harness.leaderboard.published import FIELDS, Published, load_published, read_published


def number(table: str, base: str, model: str, corpus: str, metric: str) -> Published:
    found = [
        n
        for n in load_published()
        if (n.table, n.base, n.model, n.corpus, n.metric) == (table, base, model, corpus, metric)
    ]
    assert len(found) == 1
    return found[0]


def test_every_number_of_the_tables_is_there() -> None:
    counts = {"I": 54, "II": 36, "III": 36, "IV": 18, "V": 80, "SACL": 12}
    assert Counter(n.table for n in load_published()) == counts
    for table in ("I", "II", "III", "IV"):
        assert len({n.row for n in load_published() if n.table == table}) == 9


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
        ("SACL", "RoBERTa", "SACL-LSTM", "meld", "weighted.f1", "66.45"),
        ("SACL", "RoBERTa", "SACL-LSTM (one seed)", "iemocap", "weighted.f1", "69.70"),
    ],
)
def test_numbers_are_as_printed(table: str, base: str, model: str, corpus: str, metric: str, printed: str) -> None:
    assert number(table, base, model, corpus, metric).printed == printed


def test_sums_guard_every_digit() -> None:
    """Sums over the printed tables in ten-thousandths: any altered number changes one."""
    sums = Counter[str]()
    for n in load_published():
        sums[n.table] += round(n.value * 10_000)
    carl = {"I": 253_870, "II": 28_041_600, "III": 6_363_720, "IV": -40_052, "V": 24_813_100}
    assert sums == {**carl, "SACL": 7_118_500}


def test_the_papers_asterisk_stands_on_one_number() -> None:
    marked = [n for n in load_published() if n.trained_on]
    assert [(n.table, n.model, n.corpus) for n in marked] == [("II", "SentiCSE", "mr")]


def test_counterparts() -> None:
    counterparts = {n.row: n.encoder for n in load_published()}
    assert counterparts["BERT", "BERT-PT"] == "bert-pt-rest"
    assert counterparts["RoBERTa", "CARL"] == "carl-roberta"
    assert counterparts["BERT", "CARL"] is None
    assert counterparts["BERT", "w/o TP"] is None


GOOD = "I,BERT,BERT,bert,pooled,valence.pearson,0.673,0"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["I,BERT,BERT"], "line 2: 3 columns"),
        ([GOOD, GOOD], "line 3: the number of line 2 again"),
        ([GOOD.replace("0.673", "x")], r"line 2, column value: 'x' is not a number"),
        ([GOOD.replace("0.673", "67.3")], r"line 2, column value: '67.3' is not within -1 and 1"),
        ([GOOD.replace("0.673", "nan")], r"line 2, column value"),
        ([GOOD.replace("I,", "VI,", 1)], r"line 2, column table: 'VI'"),
        ([GOOD.replace("pearson", "kendall")], r"line 2, column metric"),
        ([GOOD[:-1] + "yes"], r"line 2, column trained_on: 'yes' is not 0 or 1"),
        ([GOOD.replace("pooled", " ")], r"line 2, column corpus"),
        (
            [GOOD, GOOD.replace("pearson", "mae").replace(",bert,", ",roberta,")],
            r"line 3, column encoder: 'roberta', but 'bert'",
        ),
    ],
)
def test_damaged_files_are_refused_with_line_and_column(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join([",".join(FIELDS), *lines]) + "\n", "utf-8")
    with pytest.raises(DataInvalid, match=message):
        read_published(path)


def test_other_headers_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    with pytest.raises(DataInvalid, match="cannot be read"):
        read_published(path)
    path.write_text("table,model\n", "utf-8")
    with pytest.raises(DataInvalid, match="line 1: the columns are table, model"):
        read_published(path)
    path.write_text("", "utf-8")
    with pytest.raises(DataInvalid, match="is empty"):
        read_published(path)

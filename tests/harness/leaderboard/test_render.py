import csv
import io
import json
import re
from collections.abc import Callable

import pytest

from harness.leaderboard import build_tables, render
from harness.outcome import Metric
from harness.record import Record

Make = Callable[..., Record]


@pytest.fixture
def two(make: Make) -> list[Record]:
    return [
        make("bert", title="BERT", metrics={"accuracy": Metric(0.9, 0.89, 0.91)}),
        make("roberta", title="RoBERTa", metrics={"accuracy": Metric(0.85, 0.83, 0.87)}, family="roberta"),
        make("senticse", title="SentiCSE", metrics={"accuracy": 0.95}, family="roberta", training=("mr",)),
        make("sentix", title="SentiX", status="weights-missing"),
        make("other", title="Other", metrics={"accuracy": 0.8}, training=None),
        make("low", title="Low", metrics={"accuracy": 0.7}),
    ]


def test_plain_text_looks_like_this(two: list[Record]) -> None:
    text = render(build_tables(two, which=["II"], published=False), "plain")
    assert text.split("=x=")[0] == (
        "Table II. Sentiment polarity\n"
        "Accuracy in percent of a logistic-regression probe on frozen vectors. MR: 10-fold cross-validation.\n"
        "\n"
        "             Param.\n"
        "Model           [M]           MR\n"
        "────────────────────────────────\n"
        "BERT\n"
        "  BERT                   =90.00=\n"
        "  Low                      70.00\n"
        "  Other                   80.00?\n"
        "  SentiX              no weights\n"
        "RoBERTa\n"
        "  RoBERTa                _85.00_\n"
        "  SentiCSE                95.00*\n"
        "\n"
    )


def test_colour_marks_best_second_and_what_may_have_seen_the_texts(two: list[Record]) -> None:
    text = render(build_tables(two, which=["II"], published=False), "plain", colour=True)
    assert "\033[1m90.00\033[0m" in text
    assert "\033[4m85.00\033[0m" in text
    assert "\033[2m95.00\033[0m*" in text


def test_narrow_screens_split_tables_and_lose_nothing(suite: list[Record]) -> None:
    (table,) = build_tables(suite, which=["overview"])
    text = render([table], "plain", width=60)
    assert max(map(len, text.splitlines())) <= 60
    assert all(cell.printed in text for row in table.rows for cell in row.cells)


def test_intervals(two: list[Record]) -> None:
    tables = build_tables(two, which=["II"], published=False, intervals=True)
    assert "=90.00= ±1.00" in render(tables, "plain")
    assert "**90.00** ±1.00" in render(tables, "markdown")
    assert r"\ensuremath{\pm}1.00" in render(tables, "latex")


def test_html_marks(two: list[Record]) -> None:
    text = render(build_tables(two, which=["II"], published=False), "html")
    assert '<span class="best">90.00</span>' in text
    assert '<span class="seen">95.00</span><sup>*</sup>' in text
    assert '<bdi data-model="bert">BERT</bdi>' in text


def test_latex_has_rules_a_caption_a_label_and_no_scaling(suite: list[Record]) -> None:
    tables = build_tables(suite)
    text = render(tables, "latex")
    assert text.count(r"\toprule") == len(tables) == len(set(re.findall(r"\\label\{(.*?)\}", text)))
    assert r"\resizebox" not in text
    assert r"\label{tab:ii}" in text
    for table, body in zip(tables, re.findall(r"\\midrule(.*?)\\bottomrule", text, flags=re.DOTALL), strict=True):
        lines = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(table.columns)}


def test_csv_parses_back(suite: list[Record]) -> None:
    lines = {
        line["Model"]: line for line in csv.DictReader(io.StringIO(render(build_tables(suite, which=["II"]), "csv")))
    }
    assert lines["BERT"]["senteval-lr/1 CR"] == "86.00"
    assert lines["SentiX"]["senteval-lr/1 CR"] == "no weights"
    assert lines["SentiCSE"]["senteval-lr/1 MR"] == "85.00*", "the mark is never lost"
    assert "a_b|c <script>" in lines


def test_json_holds_everything(suite: list[Record]) -> None:
    tables = build_tables(suite, which=["II"])
    (table,) = json.loads(render(tables, "json"))["tables"]
    assert [column["key"] for column in table["columns"]] == [column.key for column in tables[0].columns]
    assert {note["mark"] for note in table["footnotes"]} == {"", "*", "?"}

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.leaderboard import FORMATS, build_tables, render
from harness.leaderboard.render import CSV_COLUMNS, escape_latex, escape_markdown
from harness.outcome import Metric
from harness.record import Record

Make = Callable[..., Record]

HOSTILE = "a_b|c <script>alert(1)</script> \033[2J\u202e & 50 % $x$ ~^\\ [y]"


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


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(UsageError, match="markdown"):
        render([], "markdwon")


@pytest.mark.parametrize("fmt", sorted(FORMATS))
def test_equal_records_give_equal_bytes(suite: list[Record], fmt: str) -> None:
    text = render(build_tables(suite), fmt)
    assert text == render(build_tables(list(reversed(suite))), fmt)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert render([], fmt) in ("", '{\n "schema": 1,\n "tables": []\n}\n', ",".join(CSV_COLUMNS) + "\n")


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
    ends = build_tables(two, which=["II"], published=False, brackets=True)
    assert "{[}89.00, 91.00{]}" in render(ends, "latex")


def test_markdown_marks(two: list[Record]) -> None:
    text = render(build_tables(two, which=["II"], published=False), "markdown")
    for expected in ("**90.00**", "<u>85.00</u>", "<i>95.00</i>\\*", "<i>80.00</i>?", "no weights"):
        assert expected in text


class Tags(HTMLParser):
    """Every element closes, and none is of a kind that runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(title=st.one_of(st.just(HOSTILE), st.text(max_size=30)), value=st.floats(0, 1))
def test_any_title_keeps_the_layout(make: Make, title: str, value: float) -> None:
    records = [make("bert", title=title, metrics={"accuracy": value}), make("b", title="B")]
    tables = build_tables(records, which=["II"], published=False)
    plain = render(tables, "plain")
    assert "\033" not in plain
    assert "\u202e" not in plain
    assert f"{value * 100:.2f}" in plain
    pipes = [len(re.findall(r"(?<!\\)\|", line)) for line in render(tables, "markdown").splitlines() if line[:1] == "|"]
    assert len(set(pipes)) == 1
    assert Tags(render(tables, "html")).seen.isdisjoint({"script", "img"})
    assert len(list(csv.reader(io.StringIO(render(tables, "csv"))))) == 3
    assert json.loads(render(tables, "json"))["tables"][0]["blocks"]


@given(st.text())
def test_escaped_text_has_no_live_markup(text: str) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*[|`*_<>\[\]]", escape_markdown(text))
    assert not re.search(r"(?<!\\)[$&#%_]", escape_latex(text))


def test_csv_parses_back(suite: list[Record]) -> None:
    lines = list(csv.DictReader(io.StringIO(render(build_tables(suite, which=["II"]), "csv"))))
    ours = {(line["model"], line["corpus"]): line for line in lines if line["origin"] == "measured"}
    bert = ours["bert", "cr"]
    assert (bert["value"], bert["protocol"], bert["low"], bert["high"]) == ("86.00", "senteval-lr/1", "85.00", "87.00")
    assert (ours["sentix", "cr"]["value"], ours["sentix", "cr"]["status"]) == ("", "weights-missing")
    assert (ours["senticse", "mr"]["contamination"], ours["senticse", "mr"]["rank"]) == ("overlap", "")
    assert ours["hf:a_b|c", "cr"]["title"] == "a_b|c <script>"


def test_json_holds_everything(suite: list[Record]) -> None:
    tables = build_tables(suite, which=["II"])
    (table,) = json.loads(render(tables, "json"))["tables"]
    assert [column["key"] for column in table["columns"]] == [column.key for column in tables[0].columns]
    assert {note["mark"] for note in table["footnotes"]} == {"", "*", "?"}

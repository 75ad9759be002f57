from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.leaderboard import FORMATS, build_tables, render
from harness.leaderboard.layout import display_width
from harness.leaderboard.render import CSV_COLUMNS, escape_markdown
from harness.outcome import Metric
from harness.record import Record

Make = Callable[..., Record]


def test_formats() -> None:
    assert set(FORMATS) >= {"plain", "markdown", "latex", "html", "csv", "json"}
    with pytest.raises(
        UsageError, match="no format 'markdwon'; did you mean markdown\\? There are: csv, html, json, latex"
    ):
        render([], "markdwon")
    with pytest.raises(UsageError, match="no format 'xyz'; there are: csv, html, json, latex, markdown, plain"):
        render([], "xyz")


@pytest.mark.parametrize("fmt", sorted(FORMATS))
def test_equal_records_give_equal_bytes(suite: list[Record], fmt: str) -> None:
    text = render(build_tables(suite), fmt)
    assert text == render(build_tables(list(reversed(suite))), fmt)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("fmt", sorted(FORMATS))
def test_no_tables_is_no_trouble(fmt: str) -> None:
    assert render([], fmt) in ("", '{\n "schema": 1,\n "tables": []\n}\n', ",".join(CSV_COLUMNS) + "\n")


def two(make: Make) -> list[Record]:
    return [
        make("bert", title="BERT", metrics={"accuracy": Metric(0.9, 0.89, 0.91)}),
        make("roberta", title="RoBERTa", metrics={"accuracy": Metric(0.85, 0.83, 0.87)}, family="roberta"),
        make("senticse", title="SentiCSE", metrics={"accuracy": 0.95}, family="roberta", training=("mr",)),
        make("sentix", title="SentiX", status="weights-missing"),
        make("other", title="Other", metrics={"accuracy": 0.8}, training=None),
        make("low", title="Low", metrics={"accuracy": 0.7}),
    ]


def test_plain_text_looks_like_this(make: Make) -> None:
    text = render(build_tables(two(make), which=["II"], published=False), "plain")
    assert text.split("=x=")[0] == (
        "Table II. Sentiment polarity\n"
        "Accuracy in percent of a logistic-regression probe on frozen vectors. MR:\n"
        "10-fold cross-validation.\n"
        "\n"
        "             senteval-\n"
        "                lr/1\n"
        "             ----------\n"
        "Model               MR\n"
        "-----------------------\n"
        "BERT\n"
        "  BERT          =90.00=\n"
        "  Low            70.00\n"
        "  Other          80.00?\n"
        "  SentiX     no weights\n"
        "RoBERTa\n"
        "  RoBERTa       _85.00_\n"
        "  SentiCSE       95.00*\n"
        "-----------------------\n"
    )


def test_colour_marks_by_escape_sequences_without_moving_anything(make: Make) -> None:
    tables = build_tables(two(make), which=["II"], published=False)
    text = render(tables, "plain", colour=True)
    assert "\033[1m90.00\033[0m" in text
    assert "\033[4m85.00\033[0m" in text
    assert "=90.00=" not in text
    bare = re.sub("\033\\[[0-9]*m", "", text)
    ends = {line.rstrip("*?").rstrip()[-5:]: line.rstrip("*?").rstrip() for line in bare.splitlines()[8:]}
    assert len(ends["90.00"]) == len(ends["85.00"]) == len(ends["95.00"])


def test_reasons_span_the_cells_that_share_them(suite: list[Record]) -> None:
    text = render(build_tables(suite, which=["I"], published=False), "plain")
    lines = [line for line in text.splitlines() if line.startswith("  SentiX")]
    assert len(lines) == 5
    assert all(re.fullmatch(r"  SentiX +weights not available", line) for line in lines)


@pytest.mark.parametrize("intervals", [False, True])
def test_plain_tables_fit_the_screen(suite: list[Record], intervals: bool) -> None:
    text = render(build_tables(suite, intervals=intervals), "plain")
    assert max(map(display_width, text.splitlines())) <= 140


@pytest.mark.parametrize("width", [20, 80, 100])
def test_narrow_screens_split_tables_and_lose_nothing(suite: list[Record], width: int) -> None:
    tables = build_tables(suite, which=["overview"])
    text = render(tables, "plain", width=width)
    assert "(continued)" in text
    printed = [cell.printed for row in tables[0].rows for cell in row.cells if cell.printed]
    assert all(number in text for number in printed)
    if width >= 80:
        assert max(map(display_width, text.splitlines())) <= width


def test_rows_of_a_plain_table_are_aligned(suite: list[Record]) -> None:
    text = render(build_tables(suite, which=["III"], published=False), "plain")
    rows = [line for line in text.splitlines() if line.startswith("  ") and len(re.findall(r"\d\.\d", line)) == 4]
    assert len(rows) == 7
    dots = {tuple(m.start() for m in re.finditer(r"(?<=\d)\.(?=\d)", line)) for line in rows}
    assert len(dots) == 1


def test_intervals(make: Make) -> None:
    tables = build_tables(two(make), which=["II"], published=False, intervals=True)
    assert "=90.00= ±1.00" in render(tables, "plain")
    assert "**90.00** ±1.00" in render(tables, "markdown")
    assert "95 % interval" in render(tables, "plain")
    assert "±" not in render(build_tables(two(make), which=["II"]), "plain")


def test_markdown_marks(make: Make) -> None:
    text = render(build_tables(two(make), which=["II"], published=False), "markdown")
    for expected in (
        "**90.00**",
        "<u>85.00</u>",
        "95.00\\*",
        "80.00?",
        "no weights",
        "### Table II. Sentiment polarity",
    ):
        assert expected in text
    assert "weights not available" in text


def test_markdown_is_a_table_whatever_models_are_called(suite: list[Record]) -> None:
    text = render(build_tables(suite), "markdown")
    assert "a\\_b\\|c &lt;script&gt;" in text
    assert "<script>" not in text
    widths = None
    for line in text.splitlines():
        if not line.startswith("|"):
            widths = None
            continue
        pipes = len(re.findall(r"(?<!\\)\|", line))
        widths = widths or pipes
        assert pipes == widths


@given(st.text())
def test_escaped_text_has_no_live_markup(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert not re.search(r"(?<!\\)(\\\\)*[|`*_<>\[\]]", escaped)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(title=st.text(max_size=30), value=st.floats(0, 1))
def test_any_title_keeps_the_layout(make: Make, title: str, value: float) -> None:
    records = [make("bert", title=title, metrics={"accuracy": value}), make("b", title="B")]
    tables = build_tables(records, which=["II"], published=False)
    text = render(tables, "plain")
    assert "\033" not in text
    assert f"{value * 100:.2f}" in text
    assert json.loads(render(tables, "json"))["tables"][0]["blocks"]
    assert len(list(csv.reader(io.StringIO(render(tables, "csv"))))) == 3


def test_csv_parses_back(suite: list[Record]) -> None:
    lines = list(csv.DictReader(io.StringIO(render(build_tables(suite, which=["II"]), "csv"))))
    assert tuple(lines[0]) == CSV_COLUMNS
    ours = {(line["model"], line["corpus"]): line for line in lines if line["origin"] == "measured"}
    assert ours["bert", "cr"]["value"] == "86.00"
    assert ours["bert", "cr"]["protocol"] == "senteval-lr/1"
    assert (ours["bert", "cr"]["low"], ours["bert", "cr"]["high"]) == ("85.00", "87.00")
    assert (ours["sentix", "cr"]["value"], ours["sentix", "cr"]["status"]) == ("", "weights-missing")
    assert (ours["senticse", "mr"]["contamination"], ours["senticse", "mr"]["rank"]) == ("overlap", "")
    assert ours["carl-roberta", "cr"]["rank"] == "1"
    assert ours["hf:a_b|c", "cr"]["title"] == "a_b|c <script>"
    printed = [line["value"] for line in lines if line["origin"] == "published"]
    assert len(printed) == 36


def test_json_holds_everything(suite: list[Record]) -> None:
    tables = build_tables(suite, which=["II"])
    document = json.loads(render(tables, "json"))
    assert document["schema"] == 1
    (table,) = document["tables"]
    assert [column["key"] for column in table["columns"]] == [column.key for column in tables[0].columns]
    rows = [row for block in table["blocks"] for row in block["rows"]]
    assert [row["name"] for row in rows] == [row.name for row in tables[0].rows]
    assert rows[0]["cells"][0]["value"] == pytest.approx(85.0)
    assert {note["mark"] for note in table["footnotes"]} == {"", "*", "?"}


def test_control_characters_never_reach_the_terminal(make: Make) -> None:
    record = make("bert", title="a\033[2Jb\nc\u202e")
    text = render(build_tables([record], which=["II"], published=False), "plain")
    assert "\033" not in text
    assert "\u202e" not in text
    assert "  a [2Jb c" in text

"""Rows reach every format whole, and no name can move a terminal's cursor or break a table."""

import csv

import pytest

from harness.printing import show_rows

NAMES = ("<script>", "a_b & 50 %", "😀 عربي", "a|b", 'quo"te, comma', "\x1b[31mred", "two\nlines")


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_one_cell(name):
    plain = show_rows([{"name": name, "value": None}], "plain")
    assert len(plain.splitlines()) == 3
    assert "\x1b" not in plain
    markdown = show_rows([{"name": name, "value": 1}], "markdown")
    assert len(markdown.splitlines()) == 3
    assert markdown.splitlines()[2].replace("\\|", "").count("|") == 3
    assert "<script>" not in markdown
    rows = list(csv.reader(show_rows([{"name": name, "value": 0.1}], "csv").splitlines(keepends=True)))
    assert rows == [["name", "value"], [name, "0.1"]]

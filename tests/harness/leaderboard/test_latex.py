from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.leaderboard import build_tables, render
from harness.leaderboard.latex import escape_latex
from harness.outcome import Metric
from harness.record import Record, ResultStore

Make = Callable[..., Record]

DOCUMENT = r"""\documentclass[twocolumn]{article}
\usepackage{booktabs,graphicx,siunitx}
\begin{document}
See Table~\ref{tab:ii}.
%s
\end{document}
"""


def test_a_table_has_rules_caption_label_and_aligned_numbers(suite: list[Record]) -> None:
    text = render(build_tables(suite, which=["II"]), "latex")
    for needed in (r"\toprule", r"\midrule", r"\bottomrule", r"\label{tab:ii}", r"\caption{Sentiment polarity. "):
        assert text.count(needed) == 1
    assert "S[table-format=2.2," in text
    assert r"\bfseries 91.00" in text
    assert r"97.41 & \textsuperscript{*}" in text
    assert r"{\footnotesize weights not available}" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1


def test_rows_have_as_many_cells_as_there_are_columns(suite: list[Record]) -> None:
    for intervals in (False, True):
        text = render(build_tables(suite, intervals=intervals), "latex")
        for tabular in text.split(r"\begin{tabular}")[1:]:
            lines = tabular.split(r"\end{tabular}")[0].splitlines()
            columns = 1 + lines[0].count("S[") + lines[0].count("@{\\,}l")
            rows = [line for line in lines[1:] if line.rstrip().endswith(r"\\")]
            assert rows
            for row in rows:
                spans = [int(n) for n in re.findall(r"\\multicolumn\{(\d+)\}", row)]
                cells = len(re.findall(r"(?<!\\)&", row)) + 1
                assert cells - len(spans) + sum(spans) == columns, row


def test_intervals_in_brackets(make: Make) -> None:
    record = make("bert", metrics={"accuracy": Metric(0.9, 0.885, 0.911)})
    tables = build_tables([record, make("b")], which=["II"], published=False, brackets=True)
    assert "{[}88.50, 91.10{]}" in render(tables, "latex")
    assert "[88.50, 91.10]" in render(tables, "plain")
    assert "[low, high]: 95 % interval." in render(tables, "html")
    assert "±" not in render(tables, "markdown")


@given(st.text())
def test_escaped_text_has_no_live_characters(text: str) -> None:
    bare = re.sub(r"\\benchglyph\{[0-9A-F]{4,6}\}\{.\}", "", escape_latex(text), flags=re.DOTALL)
    bare = re.sub(r"\\[a-z]+\{\}|\\ensuremath\{[^}]*\}|\\[{}$&#%_]|\{\[\}|\{\]\}", "", bare)
    assert not set(bare) & set("\\{}$&#%_^~[]\n")


def engines() -> list[str]:
    return [name for name in ("pdflatex", "xelatex", "lualatex") if shutil.which(name)] or ["none"]


@pytest.mark.parametrize("engine", engines())
def test_it_compiles_whatever_models_are_called(engine: str, small_results: Path, tmp_path: Path) -> None:
    if engine == "none":
        pytest.skip("no TeX engine is installed (pdflatex, xelatex or lualatex)")
    for package in ("booktabs.sty", "siunitx.sty", "graphicx.sty"):
        if not subprocess.run(["kpsewhich", package], capture_output=True, check=False).stdout:
            pytest.skip(f"the TeX installation has no {package}")
    text = render(build_tables(ResultStore(small_results), intervals=True), "latex")
    assert r"\benchglyph{1F600}" in text
    (tmp_path / "t.tex").write_text(DOCUMENT % text, "utf-8")
    done = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
        check=False,
    )
    if b"TeXLive is not" in done.stdout or b".fmt" in done.stdout:
        pytest.skip(f"{engine} is not set up: {done.stdout[-200:]!r}")
    assert done.returncode == 0, done.stdout[-2000:].decode("utf-8", "replace")
    assert (tmp_path / "t.pdf").stat().st_size > 1000

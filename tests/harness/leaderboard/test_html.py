from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.leaderboard import build_tables, render
from harness.leaderboard.html import fragment
from harness.leaderboard.names import clean
from harness.record import Record, ResultStore

Make = Callable[..., Record]

VOID = {"meta", "br", "img", "input", "link"}


class Page(HTMLParser):
    """Reads a page strictly: elements must nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and "tr" in self.open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def ids(self) -> list[str | None]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]


def test_a_document_of_all_tables(suite: list[Record]) -> None:
    text = render(build_tables(suite, intervals=True), "html")
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in text
    assert len(page.ids()) == len(set(page.ids()))
    assert "script" not in {tag for tag, _ in page.tags}
    assert {row[0] for row in page.rows if row and "<script>" in row[0]} == {"a_b|c <script>"}
    assert all("src" not in attributes and "href" not in attributes for _, attributes in page.tags)


def test_cells_marks_and_reasons(suite: list[Record]) -> None:
    (table,) = build_tables(suite, which=["II"])
    text = fragment(table)
    page = Page(text)
    own = {row[0]: row for row in page.rows}
    assert len(own["BERT"]) == len(table.columns) + 1
    assert own["SentiX"][1] == "no weights"
    assert own["SentiCSE"][2] == "85.00*"
    assert '<span class="best">91.42</span>' in text
    assert 'title="weights not available on this machine"' in text
    assert [a["data-model"] for t, a in page.tags if t == "tr" and "data-model" in a] == [
        row.name for row in table.rows
    ]
    assert '<td data-value="86">86.00</td>' in text


def test_hostile_results_are_text_alone(small_results: Path, hostile: str) -> None:
    page = Page(render(build_tables(ResultStore(small_results)), "html"))
    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "script"})
    assert clean(hostile) in {row[0] for row in page.rows if row}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(title=st.text(max_size=30), name=st.text(min_size=1, max_size=20))
def test_any_name_keeps_the_page_whole(make: Make, title: str, name: str) -> None:
    (table,) = build_tables([make(name, title=title)], which=["II"], published=False)
    page = Page(fragment(table))
    assert page.rows[-1][0] == (clean(title) or clean(name))

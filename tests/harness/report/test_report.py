"""The page: whole, self-contained, the same each time, and safe whatever names and texts it shows."""

import base64
import hashlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from harness.contamination import TextEvidence
from harness.figures import Source
from harness.outcome import Metric
from harness.printing import one_line as clean
from harness.record import ResultStore
from harness.report.sections import clean_numbers, evidence_lines

MR = "polarity/mr/senteval-lr/1"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.blocks: dict[str, list[str]] = {}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in ("script", "style") else ""
        if self.inside:
            self.blocks.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.blocks[self.inside][-1] += data
        else:
            self.words.append(data)


def test_nothing_is_fetched(page: str) -> None:
    found = Page(page)
    for tag, attributes in found.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            if value is not None and tag != "a":
                assert value.startswith("data:"), (tag, value)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes
    assert "link" not in {tag for tag, _ in found.tags}
    assert "@import" not in page
    assert "url(" not in "".join(found.blocks["style"])


def test_only_the_pages_own_script_may_run(page: str) -> None:
    found = Page(page)
    policy = next(str(a["content"]) for t, a in found.tags if t == "meta" and a.get("http-equiv"))
    scripts = [a for t, a in found.tags if t == "script"]
    assert [a.get("type") for a in scripts] == [None]
    for kind, content in (("script", found.blocks["script"][0]), ("style", found.blocks["style"][0])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_text(page: str, hostile: str) -> None:
    found = Page(page)
    assert {a.get("alt") is not None for t, a in found.tags if t == "img"} == {True}
    assert all(str(a["src"]).startswith("data:image/svg+xml;base64,") for t, a in found.tags if t == "img")
    assert clean(hostile) in found.words
    assert any(clean(hostile) in word for word in found.words if "no weights" in word)


def test_contamination_is_told(small_results: Path, hostile: str) -> None:
    store = ResultStore(small_results)
    source = Source(store, store)
    states = {(line["model"], line["state"], line["tasks"]) for line in evidence_lines(source)}
    assert (clean(hostile), "unknown", "all tasks") in states
    assert ("BERT", "clean", "all tasks") in states


def test_numbers_without_shared_texts(small_results: Path) -> None:
    store = ResultStore(small_results)
    source = Source(store, store)
    found = TextEvidence(
        model="bert",
        task_id=MR,
        contamination={"state": "overlap"},
        fingerprint="f1",
        data=f"d-{MR}",
        rows=120,
        shared="0-3,7",
        full={"accuracy": Metric(0.8)},
        clean={"accuracy": Metric(0.79)},
    )
    (line,) = clean_numbers(source, {("bert", MR): found})
    assert (line["rows"], line["shared"], line["full"], line["clean"]) == ("120", "5", "80.00", "79.00")
    outdated = replace(found, fingerprint="other")
    assert clean_numbers(source, {("bert", MR): outdated}) == []

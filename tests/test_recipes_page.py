"""The page about recipes shows what is recorded."""

import re

from harness.contamination.evidence import apply_evidence, read_evidence
from harness.record import ResultStore

COLUMNS = {
    "emobank": "valence.pearson",
    "emotales": "valence.pearson",
    **dict.fromkeys(("cr", "mr", "sst5", "goemotions"), "accuracy"),
}


def test_its_table_is_the_recorded_one(repository):
    page = (repository / "docs" / "recipes.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z@-]+)` \| ([.\d *|]+) \|$", page, re.MULTILINE)
    shown = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    recorded = {}
    results = repository / "results" / "recipes"
    for record in apply_evidence(ResultStore(results), read_evidence(results)):
        name = record.model.name.removeprefix("recipe-").removesuffix("-minilm")
        metric = COLUMNS[record.corpus]
        value = record.metrics[metric].value
        text = f"{100 * value:.1f}" if metric == "accuracy" else f"{value:.3f}".lstrip("0")
        text += " *" if record.contamination["state"] == "overlap" else ""
        recorded.setdefault(name, dict.fromkeys(COLUMNS))[record.corpus] = text
    assert shown == {name: list(cells.values()) for name, cells in recorded.items()}

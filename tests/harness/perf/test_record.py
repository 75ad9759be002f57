"""Rows, verdicts, the record on disk, and the tables that are written from it."""

import json

import pytest

from harness.errors import RecordInvalid, UsageError
from harness.perf.record import CLOSE, NAME, OPEN, SpeedRecord, markdown, put_into
from harness.perf.rows import GOALS, GROUPS, Row, measured, wanted_rows
from harness.perf.scaling import Series
from harness.perf.timing import Spread

MACHINE = {
    "processor": "Toy 1",
    "threads": 2,
    "usable_cores": 2,
    "load": 0.3,
    "torch": "2",
    "python": "3",
    "clock": "wall",
}


def row(key="encode", value=1.6, **changes):
    found = measured(key, Spread(value, value - 0.1, value + 0.1), 3, detail="swift")
    return Row(**{**found.as_dict(), "environment": MACHINE, **changes})


def test_every_row_is_in_one_group():
    assert sorted(key for keys in GROUPS.values() for key in keys) == sorted(GOALS)


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("encode", 1.29, "below"),
        ("encode", 1.3, "met"),
        ("encode", 1.5, "aim"),
        ("encode-plain", 9.0, "-"),
        ("warm", 3.1, "below"),
        ("warm", 2.0, "met"),
        ("warm", 0.5, "aim"),
        ("agree-384", 0.0, "aim"),
        ("agree-384", 1.0, "below"),
        ("encode", None, "not measured"),
    ],
)
def test_verdicts(key, value, verdict):
    assert Row(key=key, value=value).verdict == verdict


def test_rows_are_asked_for_by_key_or_group():
    assert wanted_rows([]) == list(GOALS)
    assert wanted_rows(["geometry", "help"]) == ["uniformity", "help"]
    with pytest.raises(UsageError, match="unknown row 'encoding2'; did you mean encoding"):
        wanted_rows(["encoding2"])


def test_a_record_comes_back_as_it_was_written(tmp_path):
    series = Series("folds", "a probe", (1, 10), (0.5, 5.0))
    record = SpeedRecord(series=(series,), environment=MACHINE).with_rows([row("warm", 0.5), row()])
    record.save(tmp_path)
    read = SpeedRecord.read(tmp_path)
    assert [r.key for r in read.ordered()] == ["encode", "warm"]
    assert read.rows["encode"] == record.rows["encode"]
    assert read.series == record.series
    assert read.series[0].exponent == pytest.approx(1.0)
    again = read.with_rows([row(value=2.0)])
    assert again.rows["encode"].value == 2.0
    assert again.rows["warm"] == read.rows["warm"]
    assert SpeedRecord.read(tmp_path / "nowhere") == SpeedRecord()


@pytest.mark.parametrize(
    "content",
    ["{", '{"schema": 0}', "[]", '{"schema": 1, "rows": [{"key": "no-such"}], "series": [], "environment": {}}'],
)
def test_a_damaged_record_is_named(tmp_path, content):
    (tmp_path / NAME).write_text(content)
    with pytest.raises(RecordInvalid, match=r"measure again|does not know"):
        SpeedRecord.read(tmp_path)


def test_the_table_says_what_was_found_and_what_was_not():
    text = markdown(SpeedRecord().with_rows([row(), Row(key="encode-bf16", reason="not installed: pip install x")]))
    assert (
        "| Encode MR, float32 | sentence-transformers' defaults | 1.60 × | 1.50 to 1.70 | 1.30 × | 1.50 × | aim |"
        in text
    )
    assert "| - | - | 2 × | 2.70 × | - | not installed: pip install x |" in text
    assert "Toy 1, threads of each contestant: 2" in text
    assert "not at rest" not in text


@pytest.mark.parametrize(("loads", "said"), [((0.3, 2.4), False), ((0.3, 3.4), True), ((1.6, 2.4), True)])
def test_the_load_of_the_row_before_is_not_that_of_others(loads, said):
    rows = [
        row(key, environment={**MACHINE, "load": load})
        for key, load in zip(("encode", "encode-plain"), loads, strict=True)
    ]
    assert ("not at rest" in markdown(SpeedRecord().with_rows(rows))) is said


def test_a_busy_machine_and_quick_sizes_are_said():
    busy = row(environment={**MACHINE, "load": 9.0, "quick": True})
    text = markdown(SpeedRecord().with_rows([busy]))
    assert "the machine was not at rest" in text
    assert "Quick sizes" in text
    with pytest.raises(UsageError, match="measure first"):
        markdown(SpeedRecord())


def test_the_block_of_a_document_is_replaced(tmp_path):
    document = tmp_path / "doc.md"
    put_into(document, "one\n")
    assert document.read_text() == f"{OPEN}\none\n{CLOSE}\n"
    document.write_text(f"before\n{OPEN}\nold\n{CLOSE}\nafter\n")
    put_into(document, "new\n")
    assert document.read_text() == f"before\n{OPEN}\nnew\n{CLOSE}\nafter\n"
    document.write_text("no marks")
    with pytest.raises(UsageError, match="must stand in it"):
        put_into(document, "new\n")


def test_the_committed_page_shows_the_committed_record(repository):
    record = SpeedRecord.read(repository / "results" / "perf")
    page = (repository / "docs" / "performance.md").read_text("utf-8")
    assert f"{OPEN}\n{markdown(record)}{CLOSE}" in page
    assert not any(row.environment.get("quick") for row in record.rows.values())
    # Nothing of the machine's folders or name is told.
    assert not [word for word in ("/home", "/root", "/tmp", "/work") if word in json.dumps(record.environment)]

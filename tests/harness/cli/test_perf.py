"""`bench perf` as a user meets it."""

import pytest
from click.testing import CliRunner

from harness.cli.perf import perf
from harness.errors import ExtraMissing, UsageError
from harness.perf import measure as module
from harness.perf.record import SpeedRecord


def run(*arguments):
    return CliRunner().invoke(perf, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def places(tmp_path):
    return "--output", tmp_path / "out", "--cache-dir", tmp_path / "cache"


def test_a_row_is_measured_recorded_printed_and_put_into_a_document(places, tmp_path):
    done = run("--rows", "help", "--quick", *places, "--markdown", tmp_path / "doc.md")
    assert done.exit_code == 0
    assert "`bench --help`" in done.stdout
    assert "of which" in done.stdout
    row = SpeedRecord.read(tmp_path / "out").rows["help"]
    assert 5 < row.value < 60_000
    assert row.environment["threads"] >= 1
    assert "| `bench --help` |" in (tmp_path / "doc.md").read_text()
    again = run("--print-only", *places)
    assert again.stdout == done.stdout


def test_what_cannot_be_measured_says_why_and_leaves_the_rest_alone(places, tmp_path, monkeypatch):
    def missing(*_):
        raise ExtraMissing("minilm needs its weights")

    monkeypatch.setattr("harness.perf.encoding.encoding_rows", missing)
    done = run("--rows", "encode,help", "--quick", *places)
    assert done.exit_code == 0
    rows = SpeedRecord.read(tmp_path / "out").rows
    assert rows["encode"].verdict == "not measured"
    assert "minilm needs its weights" in done.stdout
    assert rows["help"].value


def test_an_unknown_row_is_wrong_usage(places):
    with pytest.raises(UsageError, match="unknown row"):
        run("--rows", "speed", *places)


def test_without_the_peer_its_rows_say_what_to_install(monkeypatch, tmp_path):
    from harness.perf import encoding, settings, suites

    for part in (encoding, suites):
        monkeypatch.setattr(part, "find_spec", lambda name: None)
    rows = encoding._Rows({}, {}, settings.Settings(data_dir=None, cache_dir=tmp_path, threads=1, rounds=1), {})
    assert "pip install" in rows.against("encode", "ours", "sentence-transformers").reason
    chosen = settings.Settings(data_dir=None, cache_dir=tmp_path, threads=1, rounds=1)
    found = suites._Runs(tmp_path, chosen)
    assert "pip install" in found._against("suite", "ours", {}).reason
    assert "pip install" in found._scoring(peer=False).reason
    assert module.GROUPS["suites"] == ("suite", "suite-bf16", "scoring", "warm")

"""The time left is judged by characters, which is honest where long texts come first."""

import pytest

from harness.cli.progress import Pace, PlainProgress
from harness.record import ModelFacts, Record


def test_the_time_left_does_not_promise_the_pace_of_short_texts():
    # 100 texts: ten of 1000 characters first, then ninety of 100; a second for every 1000 characters.
    pace = Pace(100, 19_000)
    for _ in range(10):
        pace.count(1, 1.0, 1000)
    assert pace.left == pytest.approx(9.0)
    assert pace.rate == pytest.approx(1.0)  # by which 90 seconds would be left


def test_nothing_done_or_all_done():
    assert Pace(5, 100).left == 0
    pace = Pace(1, 10)
    pace.count(1, 2.0, 10)
    assert pace.left == 0


def test_a_log_says_how_long_it_will_take(capsys, monkeypatch):
    monkeypatch.setattr("harness.cli.progress._QUIET_SECONDS", -1.0)
    progress = PlainProgress()
    progress.model("minilm", 3, 2000, 1_000_000)
    progress.encoded(500, 30.0, 500_000)
    assert "500 of 2,000 texts, 17 texts/s, 30 s left" in capsys.readouterr().err


def test_models_at_the_same_time_share_a_pace_and_are_named(capsys, monkeypatch):
    monkeypatch.setattr("harness.cli.progress._QUIET_SECONDS", -1.0)
    progress = PlainProgress()
    progress.model("one", 1, 1000, 100_000)
    progress.model("two", 1, 3000, 300_000)
    progress.encoded(1000, 10.0, 100_000)
    progress.unit(_record("one"), fresh=True)
    assert "1,000 of 4,000 texts, 100 texts/s, 30 s left" in (said := capsys.readouterr().err)
    assert "  one, polarity/mr/p/1 seed 0: FAILED" in said
    progress.unit(_record("two"), fresh=True)
    assert "  polarity/mr/p/1 seed 0: FAILED" in capsys.readouterr().err
    # Nothing is under way: the next model has a pace of its own.
    progress.model("three", 1, 500, 50_000)
    progress.encoded(250, 10.0, 25_000)
    assert "250 of 500 texts, 25 texts/s, 10 s left" in capsys.readouterr().err


def _record(model):
    return Record(
        model=ModelFacts(name=model),
        task="polarity",
        corpus="mr",
        protocol="p/1",
        split="test",
        seed=0,
        status="failed",
    )

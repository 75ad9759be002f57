"""The time left is judged by characters, which is honest where long texts come first."""

import pytest

from harness.commands.progress import Pace, PlainProgress


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
    monkeypatch.setattr("harness.commands.progress._QUIET_SECONDS", -1.0)
    progress = PlainProgress()
    progress.model("minilm", 3, 2000, 1_000_000)
    progress.encoded(500, 30.0, 500_000)
    assert "500 of 2,000 texts, 17 texts/s, 30 s left" in capsys.readouterr().err

"""The coverage script: a few draws of it, its table, its exit code."""

import pytest

from harness.statistics import coverage


def test_a_few_draws_of_every_situation(monkeypatch):
    monkeypatch.setattr(coverage, "ROWS", 250)
    monkeypatch.setattr(coverage, "DOCUMENT_ROWS", 2)
    lines = list(coverage.simulate(draws=12))
    assert len({line.name for line in lines}) == len(lines)
    assert all(line.covered >= 0.6 for line in lines)
    equal = [line for line in lines if "equal copy" in line.name]
    noisier = [line for line in lines if "noisier copy" in line.name]
    assert len(equal) == len(noisier) == 4
    assert sum(line.separated for line in noisier) > sum(line.separated for line in equal)
    assert all(line.covered == pytest.approx(1 - line.separated) for line in equal), "apart is what the interval says"


def test_the_exit_code_says_whether_all_is_within_bounds(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["coverage"])
    for covered, code in ((0.95, 0), (0.90, 1), (0.98, 1)):
        monkeypatch.setattr(coverage, "simulate", lambda draws, seed, c=covered: iter([coverage.Line("a case", c)]))
        assert coverage.main() == code
        assert f"| a case | {covered:.1%} |" in capsys.readouterr().out

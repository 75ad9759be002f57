"""Units done by processes that may die or hang: the records are those of one process."""

from __future__ import annotations

import multiprocessing

import pytest

from harness.engines import local
from harness.errors import UsageError
from harness.registry import EncoderPlugin, find_encoder

#: Long enough never to be reached by what works.
LONG = 500.0


def test_a_worker_that_is_killed_changes_nothing_but_time(runs, encoder, same):
    spec = encoder("dies once")
    _, told = runs.run("workers", spec, unit_timeout=LONG, processes=2)
    assert any("SIGKILL" in notice for notice in told.notices)
    runs.run("here", encoder("calm"))
    same("workers", "here")
    assert runs.left("workers") == []
    for child in multiprocessing.active_children():
        child.join(30)
        assert not child.is_alive()


def test_a_hanging_encoder_is_stopped_and_the_run_goes_on(runs, encoder):
    # Whatever else may take so long on a busy machine fails by the same name.
    records, told = runs.run(
        "workers", encoder("hangs"), tasks=["geometry", "valence-arousal"], unit_timeout=3.0, processes=1
    )
    assert [record.failure.kind for record in records] == ["TimeLimit", "TimeLimit"]
    assert "made no progress for 3 s" in records[0].failure.message
    assert told.done == 2
    assert {record.status for record in runs.store("workers")} == {"failed"}
    assert runs.left("workers") == []


def test_fresh_encodes_every_text_once_more(runs, encoder, tmp_path):
    spec = encoder("leaves a trace")
    runs.run("workers", spec, unit_timeout=LONG, processes=2)
    first = _traced(tmp_path)
    runs.run("workers", spec, unit_timeout=LONG, processes=2, fresh=True)
    assert len(first) == len(set(first)) == 500
    assert sorted(_traced(tmp_path)) == sorted(2 * first)


def _traced(directory):
    return [text for path in directory.glob("trace-*") for text in path.read_text("utf-8").split("\n")]


def test_scoring_is_left_to_processes_where_there_are_cores(runs, same, monkeypatch):
    runs.run("here", "lexicon")
    monkeypatch.setattr(local, "cores", lambda: 16)
    monkeypatch.setattr(local, "most_processes", lambda parameters: 1)
    monkeypatch.setattr(local, "_SCORING", 0.0)
    seen = []
    monkeypatch.setattr(local, "Helped", lambda *crews: seen.append(crews) or HELPED(*crews))
    runs.run("helped", "lexicon", processes=None)
    assert len(seen) == 1
    same("here", "helped")


HELPED = local.Helped


def test_what_only_this_process_knows_is_done_here_or_not_at_all(runs):
    encoder = find_encoder("lexicon").create()
    mine = EncoderPlugin("mine", encoder.card, lambda: encoder)
    with pytest.raises(UsageError, match="workers cannot make mine"):
        runs.run("workers", mine, unit_timeout=LONG)
    records, _ = runs.run("here", mine, processes=None)
    assert [record.status for record in records] == ["ok"]


def test_two_runs_at_once_encode_every_text_once(runs, encoder, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    spec = encoder("leaves a trace")
    with ThreadPoolExecutor(2) as both:
        started = [both.submit(runs.run, "workers", spec, unit_timeout=LONG, processes=1) for _ in range(2)]
        ended = [each.result() for each in started]
    assert [[record.status for record in records] for records, _ in ended] == [["ok"], ["ok"]]
    texts = _traced(tmp_path)
    assert len(texts) == len(set(texts)) == 500
    # Whoever comes second finds the other's record.
    assert sum(told.skipped for _, told in ended) == 1
    assert runs.left("workers") == []

"""A run is killed at any moment; the next one goes on, and ends as if nothing had been."""

import os
import random
import shutil
from types import SimpleNamespace

import pytest

from harness.files import PARTIAL

KILLED = -9


def go_on(runs, bench, place, undisturbed):
    runs.whole(place)
    return runs.goes_on(bench, place, undisturbed)


def test_killed_at_random_moments(runs, bench, place, undisturbed, thorough):
    draw = random.Random(20)
    kills = 100 if thorough else 5
    killed = kept = over = 0
    while killed < kills:
        ended = bench.run(place, kill_after=draw.uniform(0, undisturbed.ended.seconds))
        assert ended.code in (0, KILLED), ended.printed
        finished = go_on(runs, bench, place, undisturbed)
        if ended.code == KILLED:
            killed, kept = killed + 1, kept + finished
        else:
            over += 1
        shutil.rmtree(place.root)
        # On a busy machine a run may take less processor time than the first took, and be over.
        assert over <= kills
    print(f"{kills} runs killed at random moments: {kills} of {kills} equal, {kept} finished units kept")


def test_killed_before_changes_of_the_disk(runs, bench, place, undisturbed, thorough):
    every = range(undisturbed.ended.operations)
    chosen = every if thorough else random.Random(3).sample(every, 5)
    for number in chosen:
        ended = bench.run(place, at=number, fault="SIGKILL")
        assert ended.code == KILLED, ended.printed
        go_on(runs, bench, place, undisturbed)
        shutil.rmtree(place.root)
    print(f"{len(chosen)} runs killed, each before another of {len(every)} changes of the disk: all equal")


def test_killed_again_and_again(runs, bench, place, undisturbed):
    draw, turns = random.Random(7), 0
    while bench.run(place, kill_after=draw.uniform(0.1, 0.9) * undisturbed.ended.seconds).code == KILLED:
        turns += 1
        runs.whole(place)
        assert turns < 60, "runs that are always killed get nowhere"
    assert turns
    go_on(runs, bench, place, undisturbed)


@pytest.mark.parametrize("date", [0.0, 4e9], ids=["1970", "2096"])
def test_a_jump_of_the_clock_between_two_runs_is_not_noticed(runs, bench, place, undisturbed, date):
    bench.run(place, kill_after=0.6 * undisturbed.ended.seconds)
    for path in place.root.rglob("*"):
        os.utime(path, (date, date))
    go_on(runs, bench, place, undisturbed)
    if not date:
        assert not [path for path in place.root.rglob("*") if path.name.startswith(PARTIAL)]


def test_workers_of_a_killed_run_are_in_nobody_s_way(runs, bench, tmp_path, undisturbed, thorough):
    place = runs.Place(tmp_path, processes=2)
    for part in (0.2, 0.5, 0.8) if thorough else (0.5,):
        bench.run(place, kill_after=part * undisturbed.ended.seconds)
        go_on(runs, bench, place, undisturbed)
        shutil.rmtree(place.root)


def test_the_sample_suite_killed_at_random_moments(runs, bench, tmp_path, thorough):
    if not thorough:
        pytest.skip("some minutes: part of `make faults`")
    whole = runs.Place(tmp_path / "whole", runs.SAMPLE)
    undisturbed = SimpleNamespace(ended=bench.run(whole), records=whole.records())
    draw, place = random.Random(1), runs.Place(tmp_path / "killed", runs.SAMPLE)
    for _ in range(10):
        bench.run(place, kill_after=draw.uniform(0, undisturbed.ended.seconds))
        go_on(runs, bench, place, undisturbed)
        shutil.rmtree(place.root)

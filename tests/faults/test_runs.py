"""Runs that are killed, interrupted, refused by the disk, or damaged: the next one ends as if nothing had been."""

import random
import re
import shutil

import pytest

KILLED = -9

#: What an operating system answers, and what the user reads.
REFUSALS = {"ENOSPC": "No space left", "EROFS": "Read-only file system", "EIO": "Input/output error"}


def test_killed_at_random_moments(bench, place, undisturbed, times):
    draw, killed = random.Random(20), 0
    for _ in range(6 * times):
        ended = bench.run(place, kill_after=draw.uniform(0, 0.9 * undisturbed.ended.seconds))
        assert ended.code in (0, KILLED), ended.printed
        killed += ended.code == KILLED
        bench.goes_on(place, undisturbed)
        shutil.rmtree(place.root)
    assert killed


def test_killed_before_changes_of_the_disk(bench, place, undisturbed, times):
    for number in random.Random(3).sample(range(undisturbed.ended.operations), 6 * times):
        assert bench.run(place, at=number, fault="SIGKILL").code == KILLED
        bench.goes_on(place, undisturbed)
        shutil.rmtree(place.root)


def test_killed_again_and_again(bench, place, undisturbed):
    draw, turns = random.Random(7), 0
    while bench.run(place, kill_after=draw.uniform(0.3, 0.95) * undisturbed.ended.seconds).code == KILLED:
        turns += 1
        assert turns < 60, "runs that are always killed get nowhere"
    bench.goes_on(place, undisturbed)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("part", [0.3, 0.7])
def test_a_run_that_is_asked_to_stop(bench, place, undisturbed, name, part):
    ended = bench.run(place, at=int(part * undisturbed.ended.operations), fault=name)
    assert ended.code == 130, ended.printed
    assert "Traceback" not in ended.printed
    done = sum(map(int, re.findall(r"(\d+) (?:measured|recorded before)", ended.printed)))
    # A signal may come between the last write of a record and its count.
    assert len(place.records()) - done in (0, 1)
    assert "  bench run --models" in ended.printed
    assert all(record.status == "ok" for record, _ in place.records().values())
    bench.goes_on(place, undisturbed)


def test_two_runs_at_once_measure_each_evaluation_once(bench, place, undisturbed):
    ended = bench.at_once(place, [{}, {}])
    assert [one.code for one in ended] == [0, 0], ended
    assert place.records() == undisturbed.records
    measured = [int(count) for one in ended for count in re.findall(r"(\d+) measured", one.printed)]
    assert sum(measured) == len(undisturbed.records)


def test_one_of_two_is_killed_and_the_other_takes_over(bench, place, undisturbed):
    killed, other = bench.at_once(place, [{"kill_after": 0.5 * undisturbed.ended.seconds}, {}])
    assert (killed.code in (0, KILLED), other.code) == (True, 0), other.printed
    assert place.records() == undisturbed.records


def clear(ended):
    """A run that could not do all says so, and has no fault of the program in what it says."""
    assert ended.code in (0, 1), ended.printed
    assert "Traceback" not in ended.printed


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("stays", [False, True])
def test_a_disk_that_refuses(bench, place, undisturbed, times, refusal, stays):
    for number in random.Random(refusal).sample(range(undisturbed.ended.operations), times):
        ended = bench.run(place, at=number, fault=refusal, stays=stays)
        clear(ended)
        assert ended.code == 0 or REFUSALS[refusal] in ended.printed
        bench.goes_on(place, undisturbed)
        shutil.rmtree(place.root)


@pytest.mark.parametrize("victim", ["results", "cache"])
def test_a_directory_that_vanishes(bench, place, undisturbed, times, victim):
    for number in random.Random(victim).sample(range(undisturbed.ended.operations), times):
        clear(bench.run(place, at=number, fault="vanish", victim=str(place.root / victim)))
        bench.goes_on(place, undisturbed)
        shutil.rmtree(place.root)


def test_damaged_and_removed_files_are_found_and_made_again(bench, place, undisturbed, times, mutations):
    draw = random.Random(11)
    for turn in range(5 * times):
        shutil.copytree(undisturbed.place.root, place.root, dirs_exist_ok=True)
        files = sorted(path for path in place.root.rglob("*") if path.is_file() and path.suffix != ".lock")
        for path in draw.sample(files, 3):
            if turn % 5:
                path.write_bytes(mutations.mutated(path.read_bytes(), draw.randrange(10**6)))
            else:
                path.unlink()
        ended = bench.run(place)
        assert ended.code == 0, ended.printed
        assert place.records() == undisturbed.records
        bench.goes_on(place, undisturbed)
        shutil.rmtree(place.root)

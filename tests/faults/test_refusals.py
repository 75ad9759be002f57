"""Disks that are full, read-only, failing or gone: a clear error, what is done is kept, and the next run goes on."""

import random
import shutil
import subprocess

import pytest

#: What an operating system answers, and what the user reads.
REFUSALS = {
    "ENOSPC": "the disk is full",
    "EDQUOT": "the disk quota is used up",
    "EROFS": "the file system is read-only",
    "EACCES": "permission denied",
    "EIO": "the disk failed",
    "ESTALE": "the network file system lost the directory",
}


def clear(ended):
    """A run that could not do all says so, and has no fault of the program in what it says."""
    assert ended.code in (0, 1), ended.printed
    assert "Traceback" not in ended.printed


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_that_stays(runs, bench, place, undisturbed, thorough, refusal):
    draw = random.Random(refusal)
    every = range(undisturbed.ended.operations)
    for number in draw.sample(every, 12) if thorough else [draw.choice(every)]:
        ended = bench.run(place, at=number, fault=refusal, stays=True)
        clear(ended)
        runs.whole(place)
        assert ended.code == 1 or place.records() == undisturbed.records
        assert REFUSALS[refusal] in ended.printed or ended.code == 0
        runs.goes_on(bench, place, undisturbed)
        shutil.rmtree(place.root)


def test_a_refusal_that_passes(runs, bench, place, undisturbed, thorough):
    draw = random.Random(5)
    for number in draw.sample(range(undisturbed.ended.operations), 40 if thorough else 3):
        clear(bench.run(place, at=number, fault=draw.choice(list(REFUSALS))))
        runs.goes_on(bench, place, undisturbed)
        shutil.rmtree(place.root)


@pytest.mark.parametrize("limit", [2000, 20_000])
def test_a_limit_to_the_size_of_files(runs, bench, place, undisturbed, limit):
    ended = bench.run(place, file_size=limit)
    clear(ended)
    assert "would be larger than is allowed" in ended.printed
    runs.goes_on(bench, place, undisturbed)


@pytest.fixture
def tmpfs(place):
    """A file system of a few hundred kilobytes at the place of the run; gives a function that changes its options."""

    def mount(options):
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    if shutil.which("mount") is None:
        pytest.skip("no `mount` on this machine")
    if (done := mount("size=64k")).returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield lambda options: mount(f"remount,{options}")
    subprocess.run(["umount", "-l", str(place.root)], check=True)


def test_a_full_disk(runs, bench, place, undisturbed, thorough, tmpfs):
    used = sum(path.stat().st_size for path in undisturbed.place.root.rglob("*") if path.is_file())
    short = 0
    steps = 12 if thorough else 2
    for step in range(steps):
        # From next to nothing to half as much again as is needed; a file takes whole pages.
        tmpfs(f"size={max(16, int(1.5 * used * step / steps) >> 10)}k")
        ended = bench.run(place)
        clear(ended)
        short += "the disk is full" in ended.printed
        before = place.finished()
        tmpfs(f"size={4 * used}")
        runs.goes_on(bench, place, undisturbed, finished=before)
        for path in place.root.iterdir():
            shutil.rmtree(path)
    assert short
    print(f"{steps} sizes of a small disk, too small {short} times: all equal with room")


def test_a_disk_that_fills_up_slowly(runs, bench, place, undisturbed, tmpfs):
    used = sum(path.stat().st_size for path in undisturbed.place.root.rglob("*") if path.is_file())
    for part in (0.2, 0.4, 0.6, 0.8):
        tmpfs(f"size={int(part * used) >> 10}k")
        finished = place.finished() if place.results.exists() else {}
        clear(bench.run(place))
        assert {path: place.finished()[path] for path in finished} == finished
    tmpfs(f"size={4 * used}")
    runs.goes_on(bench, place, undisturbed)


def test_a_read_only_results_directory_stops_the_run_at_once(runs, bench, place, undisturbed, tmpfs):
    tmpfs("ro")
    ended = bench.run(place)
    assert ended.code == 1
    assert "the file system is read-only" in ended.printed
    assert "--results-dir" in ended.printed
    tmpfs("rw,size=8m")
    runs.goes_on(bench, place, undisturbed)


@pytest.mark.parametrize("victim", ["results", "cache"])
def test_a_directory_that_vanishes(runs, bench, place, undisturbed, thorough, victim):
    draw = random.Random(victim)
    for number in draw.sample(range(undisturbed.ended.operations), 12 if thorough else 1):
        ended = bench.run(place, at=number, fault="vanish", victim=str(getattr(place, victim)))
        clear(ended)
        runs.goes_on(bench, place, undisturbed)
        shutil.rmtree(place.root)

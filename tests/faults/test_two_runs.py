"""Runs on the same directories at once get in each other's way no more than they must."""

import re
import shutil


def new_units(ended):
    """How many units a run measured itself."""
    total, _, before = re.search(r"(\d+) of \d+ units ended( \((\d+) were recorded before\))?", ended.printed).groups()
    return int(total) - int(before or 0)


def test_two_runs_at_once_measure_each_unit_once(bench, place, undisturbed):
    ended = bench.at_once(place, [{}, {}])
    assert [one.code for one in ended] == [0, 0], ended
    assert place.records() == undisturbed.records
    assert sum(map(new_units, ended)) == len(undisturbed.records)
    assert not list(place.root.rglob("*.lock"))
    spent = sum(one.seconds for one in ended)
    print(f"two runs at once took {spent / undisturbed.ended.seconds:.2f} times one's processor time")


def test_one_of_two_is_killed_and_the_other_takes_over(bench, place, undisturbed, thorough):
    for tenth in range(1, 10) if thorough else (3, 6):
        killed, other = bench.at_once(place, [{"kill_after": tenth / 10 * undisturbed.ended.seconds}, {}])
        assert killed.code in (0, -9), killed.printed
        assert other.code == 0, other.printed
        assert place.records() == undisturbed.records
        shutil.rmtree(place.root)


def test_a_fresh_run_beside_another_leaves_whole_files(bench, measured, undisturbed):
    ended = bench.at_once(measured, [{"arguments": [*measured.arguments, "--fresh"]}, {}])
    assert [one.code for one in ended] == [0, 0], ended
    assert measured.records() == undisturbed.records

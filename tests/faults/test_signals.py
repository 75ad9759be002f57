"""A run that is asked to stop ends soon, says what is done, and how to go on."""

import re

import pytest


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("part", [0.3, 0.7])
def test_a_run_that_is_asked_to_stop(bench, place, undisturbed, name, part):
    ended = bench.run(place, at=int(part * undisturbed.ended.operations), fault=name)
    assert ended.code == 130, ended.printed
    assert "Traceback" not in ended.printed
    done = int(re.search(r"interrupted after (\d+) of", ended.printed).group(1))
    assert done == len(place.records())
    assert "  bench run --models" in ended.printed
    assert not list(place.root.rglob("*.lock"))
    assert bench.run(place).code == 0
    assert place.records() == undisturbed.records

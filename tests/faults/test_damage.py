"""Whatever byte goes bad in the directories of a run, the next run finds it and measures again."""

import random
import shutil

import pytest


def files(place):
    return sorted(path for path in place.root.rglob("*") if path.is_file())


def flip(raw, draw):
    raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)


def truncate(raw, draw):
    del raw[draw.randrange(len(raw)) :]


def zero(raw, draw):
    """As a file system leaves a block that it lost."""
    start = draw.randrange(len(raw))
    end = min(len(raw), start + 4096)
    raw[start:end] = bytes(end - start)


def insert(raw, draw):
    place = draw.randrange(len(raw) + 1)
    raw[place:place] = draw.randbytes(draw.randrange(1, 9))


def overwrite(raw, draw):
    raw[:] = draw.randbytes(len(raw))


DAMAGES = (flip, truncate, zero, insert, overwrite)


def test_damaged_files_are_found_and_made_again(bench, place, undisturbed, thorough):
    draw = random.Random(11)
    found = 0
    for turn in range(100 if thorough else 5):
        shutil.copytree(undisturbed.place.root, place.root, dirs_exist_ok=True)
        damaged = draw.sample(files(place), draw.randint(1, 3))
        damage = DAMAGES[turn % len(DAMAGES)]
        for path in damaged:
            raw = bytearray(path.read_bytes())
            damage(raw, draw)
            path.write_bytes(raw)
        ended = bench.run(place)
        assert ended.code == 0, ended.printed
        assert "Traceback" not in ended.printed
        assert place.records() == undisturbed.records, (damage.__name__, damaged)
        found += "damaged" in ended.printed or "is not JSON" in ended.printed or "cannot be read" in ended.printed
        ended = bench.run(place)
        assert ended.code == 0
        assert "warning" not in ended.printed, ended.printed
        shutil.rmtree(place.root)
    print(f"{turn + 1} times damaged files, {found} of them reported in that run: all made again")


@pytest.mark.parametrize("number", range(3))
def test_removed_files_are_made_again(bench, measured, undisturbed, number):
    draw = random.Random(number)
    for path in files(measured):
        if draw.random() < 0.4:
            path.unlink()
    ended = bench.run(measured)
    assert ended.code == 0, ended.printed
    assert measured.records() == undisturbed.records

"""One process at a time holds a lock, and a dead one's is taken over by one alone."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness import locks
from harness.files import PARTIAL
from harness.locks import SUFFIX, Lock

#: Takes the lock named on the command line, says so, and waits for the end of its input.
HOLD = """
import sys
from pathlib import Path
from harness.locks import Lock
with Lock(Path(sys.argv[1]), "test"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "space" / f"work{SUFFIX}"


@pytest.fixture
def other(path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def names(path):
    return [file.name for file in path.parent.iterdir()]


def test_a_lock_is_one_s_at_a_time(path):
    first, second = Lock(path, "one"), Lock(path, "two")
    assert first.acquire()
    assert not second.acquire()
    assert second.holder() == f"process {os.getpid()} on {socket.gethostname()}"
    first.release()
    assert second.acquire()
    first.release()
    assert not Lock(path, "three").acquire(), "a second release took another's lock away"
    second.release()
    assert second.holder() == ""
    assert names(path) == []


def test_another_process_holds_it_until_it_is_done(path, other):
    lock = Lock(path, "test")
    assert not lock.acquire(wait=0.2)
    assert lock.holder().startswith(f"process {other.pid} ")
    other.stdin.close()
    assert lock.acquire(wait=30)
    lock.release()


def test_a_killed_process_s_lock_is_taken_over(path, other):
    other.kill()
    # Not waited for: a process that has ended is gone, whether or not its parent has taken notice.
    assert Lock(path, "test").acquire(wait=30)
    assert names(path) == [path.name]


def test_a_stopped_process_keeps_its_lock(path, other, monkeypatch):
    monkeypatch.setattr(locks, "STALE", 0.0)
    monkeypatch.setattr(locks, "_WATCHED", 0.0)
    other.send_signal(signal.SIGSTOP)
    assert not Lock(path, "test").acquire(wait=0.3)


def write(path, **changes):
    holder = {"host": "elsewhere", "place": "elsewhere", "pid": 1, "started": 1, "token": "t"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(holder | changes))


def test_a_later_process_of_the_same_number_is_another(path):
    write(path, place=locks._place(), pid=os.getpid(), started=1)
    assert Lock(path, "test").acquire()


@pytest.fixture
def clock(monkeypatch):
    """A clock of this process, set by hand."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(locks.time, "monotonic", lambda: Clock.now)
    return Clock


def test_a_lock_of_another_machine_is_stale_when_untouched(path, clock):
    write(path)
    lock = Lock(path, "test")
    for seconds in (0.0, locks.STALE - 1):
        clock.now = 1000.0 + seconds
        assert not lock.acquire()
    clock.now += 1
    assert lock.acquire()


def test_a_touched_lock_of_another_machine_is_never_stale(path, clock):
    write(path)
    lock = Lock(path, "test")
    for turn in range(30):
        clock.now += locks.HEARTBEAT
        os.utime(path, (turn, turn))  # an old date, as after a jump of the clock
        assert not lock.acquire()


def test_an_old_lock_is_watched_for_a_while_in_case_the_clock_jumped(path, clock):
    write(path)
    os.utime(path, (1, 1))
    lock = Lock(path, "test")
    assert not lock.acquire()
    clock.now += locks._WATCHED
    assert lock.acquire()
    assert Lock(path, "test").holder().startswith(f"process {os.getpid()} ")


@pytest.mark.parametrize("content", [b"", b"\xff{", b"[]", b'{"pid": 1e999}', b'{"pid": -1}'])
def test_a_file_that_no_lock_wrote_becomes_stale(path, clock, content):
    path.parent.mkdir()
    path.write_bytes(content)
    lock = Lock(path, "test")
    assert not lock.acquire()
    assert lock.holder() == "another run"
    clock.now += locks.STALE
    assert lock.acquire()


def test_a_lock_is_touched_while_it_is_held(path, monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT", 0.01)
    with Lock(path, "test"):
        os.utime(path, (1, 1))
        end = time.monotonic() + 30
        while path.stat().st_mtime == 1 and time.monotonic() < end:
            time.sleep(0.01)
        assert path.stat().st_mtime > 1


def test_another_s_lock_is_neither_touched_nor_removed(path, monkeypatch):
    monkeypatch.setattr(locks, "HEARTBEAT", 0.01)
    lock = Lock(path, "test")
    lock.acquire()
    write(path)
    os.utime(path, (1, 1))
    time.sleep(0.1)
    lock.release()
    assert path.stat().st_mtime == 1


def test_a_child_of_the_holder_takes_nothing_away(path):
    lock = Lock(path, "test")
    lock.acquire()
    child = multiprocessing.get_context("fork").Process(target=lock.release)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert not Lock(path, "test").acquire()
    lock.release()
    assert names(path) == []


def _take_turns(path, log, rounds):
    for _ in range(rounds):
        with Lock(path, "test"), log.open("a") as file:
            file.write("in\n")
            file.flush()
            time.sleep(0.001)
            file.write("out\n")


def _die_with(path):
    Lock(path, "test").acquire()
    os._exit(1)


def test_of_many_that_find_a_stale_lock_one_takes_it_over(path, tmp_path):
    context, log = multiprocessing.get_context("fork"), tmp_path / "log"
    for _ in range(5):
        dying = context.Process(target=_die_with, args=(path,))
        dying.start()
        dying.join()
        assert path.exists()
        takers = [context.Process(target=_take_turns, args=(path, log, 5)) for _ in range(4)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
            assert taker.exitcode == 0
    assert log.read_text() == "in\nout\n" * 100
    assert names(path) == []


def test_who_was_killed_while_taking_over_leaves_the_lock_to_the_next(path):
    gone = {"place": locks._place(), "pid": 2**22 + 1, "started": 1}
    write(path, **gone)
    guard = locks._guard(path, path.read_bytes())
    write(guard, **gone, token="u")
    assert Lock(path, "test").acquire()
    assert names(path) == [path.name]


def test_what_is_being_taken_over_is_not_released_by_its_former_holder(path):
    lock = Lock(path, "test")
    lock.acquire()
    guard = Lock(locks._guard(path, path.read_bytes()), "taking over")
    guard.acquire()
    lock.release()
    assert path.exists()


def test_where_nothing_can_be_written_there_is_nothing_to_wait_for(tmp_path):
    (tmp_path / "file").write_text("no directory")
    first, second = (Lock(tmp_path / "file" / f"work{SUFFIX}", "test") for _ in range(2))
    assert first.acquire()
    assert second.acquire()
    first.release()
    second.release()


def test_a_file_system_without_hard_links_will_do(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(locks.errno.EPERM, "no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    first, second = Lock(path, "one"), Lock(path, "two")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    assert not [name for name in names(path) if name.startswith(PARTIAL)]

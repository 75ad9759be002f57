"""Starts `bench` again and again from a process that has imported what it needs; run as a script.

Each start is a fork, a process of its own that can be killed, and costs milliseconds in place of seconds. Reads
requests from its input, a line of JSON each: a list of runs to start at once. Answers with a line of JSON: for each
the exit code (negative for a signal), the seconds of processor time, how often it changed the disk, what it printed.

A run is an object:

- `arguments` of `bench`;
- `root`, the directory whose changes are counted;
- `kill_after` so many seconds of processor time, which say how far a run is on a busy machine too;
- `at`, the number of the change before which `fault` happens: the name of a signal that comes, `vanish` (the directory
  `victim` is removed), or the name of an error of the operating system, which stays if `stays` is true.
"""

import errno
import fcntl
import gc
import importlib
import json
import os
import select
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Operations that change a directory, by the names of Python's audit events.
_CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir"}


#: Bytes that a run may print.
_PIPE = 2**20


class Operations:
    """Counts what a process changes on the disk, and lets a fault happen before one of the changes."""

    def __init__(self, run: dict[str, Any], counted: int) -> None:
        self.run = run
        self.counted = counted
        self.count = 0
        self.root = os.fspath(run["root"])

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            changes = isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        else:
            changes = event in _CHANGES
        if not changes or not str(arguments[0]).startswith(self.root):
            return
        number, self.count = self.count, self.count + 1
        os.pwrite(self.counted, f"{self.count:>9}".encode(), 0)
        at = self.run.get("at")
        if at is None or number < at or (number > at and not self.run.get("stays")):
            return
        fault = self.run["fault"]
        if fault.startswith("SIG"):
            os.kill(os.getpid(), getattr(signal, fault))
        elif fault == "vanish":
            shutil.rmtree(self.run["victim"], ignore_errors=True)
        elif event != "os.remove":
            code = getattr(errno, fault)
            raise OSError(code, os.strerror(code), str(arguments[0]))


def begin(run: dict[str, Any], counted: int, printed: int) -> int:
    """Fork a process that runs `bench`."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # The streams of this process, and not what is left of the server's.
        sys.stdin, sys.stdout, sys.stderr = (open(i, mode, closefd=False) for i, mode in enumerate("rww"))  # noqa: SIM115
        sys.argv = ["bench", *run["arguments"]]
        sys.addaudithook(Operations(run, counted))
        from harness.cli import main

        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def ready(descriptor: int) -> bool:
    """Whether something can be read."""
    return bool(select.select([descriptor], [], [], 0)[0])


def spent(pid: int) -> float:
    """Seconds of processor time that a process, not waited for yet, has used."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def execute(runs: list[dict[str, Any]]) -> list[tuple[int, float, int, str]]:
    """Start runs at once, and wait for all of them."""
    counters = [os.memfd_create("operations") for _ in runs]
    pipes = [os.pipe2(os.O_NONBLOCK) for _ in runs]
    for _, end in pipes:
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE)
        os.set_blocking(end, True)
    waiting = {begin(run, counters[i], pipes[i][1]): i for i, run in enumerate(runs)}
    ended: dict[int, tuple[int, float, int, str]] = {}
    due = {pid: runs[number]["kill_after"] for pid, number in waiting.items() if "kill_after" in runs[number]}
    while waiting:
        pid, status, used = os.wait4(-1, os.WNOHANG if due else 0)
        if pid:
            number = waiting.pop(pid)
            due.pop(pid, None)
            count = int(os.pread(counters[number], 9, 0) or 0)
            printed = os.read(pipes[number][0], _PIPE).decode("utf-8", "replace") if ready(pipes[number][0]) else ""
            ended[number] = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, count, printed
            continue
        for pid in [pid for pid, seconds in due.items() if seconds <= spent(pid)]:
            del due[pid]
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)
    for descriptor in (*counters, *(end for pipe in pipes for end in pipe)):
        os.close(descriptor)
    return [ended[number] for number in range(len(runs))]


def warm_up(modules: list[str]) -> None:
    """Import what runs import, and work out what is the same in all of them."""
    for name in modules:
        with suppress(Exception):
            importlib.import_module(name)
    from harness.record import environment
    from harness.registry import load_encoder, tasks

    environment()
    tasks()
    load_encoder("lexicon").encode(["so"])  # it reads its words at the first text
    # So that no collection in a run copies what it shares with this process.
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm_up(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(execute(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()

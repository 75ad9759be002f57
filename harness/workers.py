"""Encoding by several processes of one thread each.

On a CPU this is quicker than one process of several threads: no operation waits for the slowest thread, and a core
that a neighbour keeps busy slows down its own process alone. Each process reads the weights for itself.

The vectors are those of a single thread. Workers end with the process that started them, however it ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EncoderFault
from harness.shortage import is_shortage

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.queues import SimpleQueue

    import numpy as np
    from numpy.typing import NDArray

    from harness.encoder import Encoder

#: Encoding a part: the texts, their vectors, and the seconds since the last part.
Encoded = tuple[Sequence[str], "NDArray[np.float32]", float]

#: Characters times parameters from which on starting the workers is worth it: some twenty seconds of two cores.
_WORTH = 1.5e13

#: What a worker takes beside the weights, of which it may hold three copies while it reads them.
_OVERHEAD = 700 * 2**20
_COPIES = 3

#: The same from which on one process for each of several GPUs is: some thirty seconds of one.
_WORTH_GPUS = 1.5e15

#: Encoders that do not say how large they are count as this many parameters.
_UNKNOWN_SIZE = 20_000_000

_MOST = 8

#: How often work is begun that a worker died over.
_ATTEMPTS = 3


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of memory that can be had without swapping; a guess where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 4 * 2**30


def processes_for(encoder: Encoder, characters: int, *, device: str) -> int:
    """How many processes encode quickest: one for each core, or 1 where they would cost more than they gain.

    Args:
        encoder: what encodes.
        characters: how much there is to encode.
        device: where; on a GPU one process is right.
    """
    parameters = encoder.card.parameters or _UNKNOWN_SIZE
    if device != "cpu" or characters * parameters < _WORTH or not portable(encoder):
        return 1
    return most_processes(parameters)


def most_processes(parameters: int) -> int:
    """One process for each core, as far as memory lets them hold weights each."""
    room = free_memory() // (_OVERHEAD + _COPIES * 4 * parameters)
    return max(1, min(cores(), _MOST, room))


def gpus_for(encoder: Encoder, characters: int, *, device: str) -> tuple[str, ...]:
    """The GPUs that encode quickest, one process each; none where one process is as good.

    Args:
        encoder: what encodes; its attribute `device` says where.
        characters: how much there is to encode.
        device: what was asked for; `cuda:1` is that one alone.
    """
    parameters = encoder.card.parameters or _UNKNOWN_SIZE
    if device != "cuda" or characters * parameters < _WORTH_GPUS or not hasattr(encoder, "device"):
        return ()
    gpus = tuple(f"cuda:{number}" for number in range(visible_gpus()))
    return gpus if len(gpus) > 1 and portable(encoder) else ()


def visible_gpus() -> int:
    """GPUs that this process may use."""
    import torch

    return torch.cuda.device_count()


def pool_for(encoder: Encoder, characters: int, *, device: str, processes: int | None) -> EncodingPool | None:
    """The processes that encode quickest; None where this one does it.

    Args:
        encoder: what encodes.
        characters: how much there is to encode.
        device: where.
        processes: how many the user asked for; None leaves it to this function.
    """
    if processes is None and (gpus := gpus_for(encoder, characters, device=device)):
        return EncodingPool(encoder, len(gpus), devices=gpus)
    processes = processes or processes_for(encoder, characters, device=device)
    return EncodingPool(encoder, processes) if processes > 1 else None


def portable(encoder: Encoder) -> bool:
    """Whether another process can make the encoder: its class is importable by name, and it pickles."""
    module = type(encoder).__module__
    try:
        # A class from a user's file lives in a module that only this process knows.
        return module != "__main__" and find_spec(module) is not None and bool(pickle.dumps(encoder))
    except (ImportError, ValueError, TypeError, AttributeError, pickle.PicklingError):
        return False


def encoded_here(encoder: Encoder, parts: Sequence[Sequence[str]]) -> Iterator[Encoded]:
    """Encode parts in this process, in order."""
    for part in parts:
        start = time.perf_counter()
        vectors = _halving(encoder, part)
        yield part, vectors, time.perf_counter() - start


class EncodingPool:
    """Processes that each hold one encoder.

    Args:
        encoder: is copied to the workers without its weights.
        processes: how many.
        devices: of each process, where they differ.
    """

    def __init__(self, encoder: Encoder, processes: int, *, devices: Sequence[str] = ()) -> None:
        self.encoder = encoder
        self.processes = processes
        self.devices = tuple(devices)
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        # Nothing is ever sent: workers wait for the end that closes when this process closes it, or ends.
        theirs, self._lifeline = context.Pipe(duplex=False)
        places = context.SimpleQueue()
        for device in self.devices:
            places.put(device)
        threads = max(1, cores() // self.processes) if self.devices else 1
        self._executor = ProcessPoolExecutor(
            self.processes,
            mp_context=context,
            initializer=_begin,
            initargs=(pickle.dumps(self.encoder), theirs, places if self.devices else None, threads),
        )

    def encode(self, parts: Sequence[Sequence[str]]) -> Iterator[Encoded]:
        """Encode parts, and give each when it is done. What a worker that died held is done again.

        Raises:
            EncoderFault: workers died again and again.
        """
        left = list(parts)
        for _ in range(_ATTEMPTS):
            try:
                for done in self._encode(left):
                    left.remove(done[0])
                    yield done
                return
            except BrokenProcessPool as error:
                cause = error
                self.close()
                self._start()
        raise EncoderFault(
            f"one of {self.processes} encoding processes died {_ATTEMPTS} times, most likely for lack of memory; "
            "the same command with `--processes 1` goes on in one"
        ) from cause

    def _encode(self, parts: Sequence[Sequence[str]]) -> Iterator[Encoded]:
        last = time.perf_counter()
        futures: dict[Future[Any], Sequence[str]] = {}
        for part in parts:
            futures[self._executor.submit(_encode, list(part))] = part
        for future in as_completed(futures):
            vectors = future.result()
            now = time.perf_counter()
            yield futures.pop(future), vectors, now - last
            last = now

    def close(self) -> None:
        """End the workers at once, whatever they do."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._lifeline.close()


_worker: dict[str, Encoder] = {}


def _begin(pickled: bytes, lifeline: Connection, places: SimpleQueue[str] | None, threads: int) -> None:
    settle(lifeline, threads)
    encoder = pickle.loads(pickled)
    if places is not None:
        encoder.device = places.get()
    _worker["encoder"] = encoder
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def settle(lifeline: Connection, threads: int = 1) -> None:
    """Prepare a worker process: few threads, no answer to Ctrl-C, which is the first process's to give.

    Args:
        lifeline: the worker ends when its other end is closed.
        threads: of the libraries that are imported from now on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    number = str(threads)
    os.environ.update(OMP_NUM_THREADS=number, MKL_NUM_THREADS=number, RAYON_NUM_THREADS=number)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """Leave when the other end of the pipe is closed."""
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        os._exit(0)


def _encode(texts: list[str]) -> NDArray[np.float32]:
    return _halving(_worker["encoder"], texts)


def _halving(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode texts; half of them at a time, and so on, where memory is short."""
    try:
        return encoder.encode(texts)
    except (MemoryError, RuntimeError) as error:
        if len(texts) < 2 or not is_shortage(error):
            raise
    import numpy as np

    middle = len(texts) // 2
    return np.concatenate([_halving(encoder, texts[:middle]), _halving(encoder, texts[middle:])])

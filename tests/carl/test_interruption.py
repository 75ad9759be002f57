"""A first signal asks a run to stop, a later second one ends it, and torchrun's echo of the first does neither."""

import os
import signal

import pytest

from carl.commands import interruption
from carl.commands.interruption import stopping_politely


class Run:
    stopping = False

    def stop(self):
        self.stopping = True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_at_once_are_one_and_a_later_one_ends_the_run(monkeypatch, number):
    now, said, run = [50.0], [], Run()
    monkeypatch.setattr(interruption.time, "monotonic", lambda: now[0])
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stopping_politely(run, said.append):
        os.kill(os.getpid(), number)
        assert run.stopping
        now[0] = 50.4
        os.kill(os.getpid(), number)
        assert said == ["saving the state after this step; again to stop at once"]
        now[0] = 52.0
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before

from __future__ import annotations

from types import SimpleNamespace

import pytest

from baselines import extensions
from baselines.extensions import find_extension, identity, setting
from harness.errors import UsageError


def test_an_option_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SETTING", "from the environment")
    assert setting("given", "SOME_SETTING") == "given"
    assert setting(None, "SOME_SETTING") == "from the environment"
    monkeypatch.setenv("SOME_SETTING", "")
    assert setting(None, "SOME_SETTING") is None


def test_by_module_and_attribute() -> None:
    assert find_extension("math:sqrt", "some.group", "thing") is __import__("math").sqrt
    assert find_extension(len, "some.group", "thing") is len
    assert find_extension(None, "some.group", "thing") is None
    with pytest.raises(UsageError, match="the thing math:nothing cannot be imported: AttributeError"):
        find_extension("math:nothing", "some.group", "thing")
    with pytest.raises(UsageError, match="ModuleNotFoundError"):
        find_extension("no_such_module:x", "some.group", "thing")
    with pytest.raises(UsageError, match=r"there is no thing 'math'.*installed one \(none\)"):
        find_extension("math", "some.group", "thing")


def test_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("no")

    points = [SimpleNamespace(name="one", load=lambda: len)]
    monkeypatch.setattr(extensions, "entry_points", lambda group: points)
    assert find_extension(None, "g", "thing") is len
    points.append(SimpleNamespace(name="two", load=broken))
    with pytest.raises(UsageError, match=r"several things are installed \(one, two\): name one"):
        find_extension(None, "g", "thing")
    assert find_extension("one", "g", "thing") is len
    with pytest.raises(UsageError, match="the thing two cannot be imported"):
        find_extension("two", "g", "thing")


def test_identities() -> None:
    class Own:
        fingerprint = "abc"

    class Plain:
        pass

    assert identity(Own()) == "abc"
    assert identity(identity) == "baselines.extensions:identity"
    assert identity(Plain()) == identity(Plain()) == identity(Plain)

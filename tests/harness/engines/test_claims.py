"""Two runs on the same directories divide the work between them, and neither waits while it has other work."""

from __future__ import annotations

from harness.engines.claims import Claims
from harness.locks import Lock


def test_a_claim_is_of_all_its_locks_or_of_none(tmp_path):
    a, b = tmp_path / "a.lock", tmp_path / "b.lock"
    others = Lock(b, "something else")
    assert others.acquire()
    claims = Claims()
    assert not claims.take("both", [a, b], "a test")
    assert not a.exists()
    assert len(claims.holders()) == 1
    others.release()
    assert claims.holders() == []
    assert claims.take("both", [a, b], "a test")
    assert a.exists()
    assert b.exists()


def test_what_is_claimed_is_claimed_once(tmp_path):
    path = tmp_path / "a.lock"
    claims = Claims()
    assert claims.take("one", [path], "a test")
    assert claims.take("one", [path], "a test")
    assert not claims.take("another", [path], "a test")
    assert not Claims().take("one", [path], "a test")
    claims.release("one")
    claims.release("one")
    assert claims.take("another", [path], "a test")
    claims.close()
    assert list(tmp_path.iterdir()) == []

"""The kernels are tried and compared before they are trusted."""

import pytest
import torch

from harness import onednn


@pytest.fixture(autouse=True)
def _asked_anew():
    onednn.serves.cache_clear()
    yield
    onednn.serves.cache_clear()


def test_a_build_without_the_operators_does_not_serve(monkeypatch):
    def lacking(*_):
        raise AttributeError("_reorder_linear_weight")

    monkeypatch.setattr(onednn, "reordered", lacking)
    assert not onednn.serves(torch.float32)


@pytest.mark.skipif(not onednn.serves(torch.float32), reason="this torch has no oneDNN for this processor")
def test_a_plain_and_a_reordered_weight_give_the_product():
    x, weight = torch.randn(48, 20, dtype=torch.float64), torch.randn(30, 20, dtype=torch.float64)
    with torch.inference_mode():
        for form in (weight.float(), onednn.reordered(weight.float())):
            torch.testing.assert_close(onednn.product(x.float(), form), (x @ weight.T).float(), atol=1e-5, rtol=1e-5)

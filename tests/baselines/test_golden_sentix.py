import numpy as np
import pytest

from baselines.sentix import SentiX

TOLERANCE = 1e-5


def encoder(data, **options) -> SentiX:
    return SentiX(
        weights_dir=data.directory / "checkpoint",
        tokenizer_dir=data.directory / "tokenizer_base_uncased",
        max_length=data.inputs["max_length"],
        device="cpu",
        **options,
    )


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler"])
def test_with_a_mask(golden, pooling: str) -> None:
    data = golden("sentix")
    sentix = encoder(data, pooling=pooling)
    texts = data.inputs["texts"]
    assert [ids.tolist() for ids in sentix.inputs(texts)] == [ids.tolist() for ids in data.rows("input_ids")]
    np.testing.assert_allclose(sentix.encode(texts), np.stack(data.rows(pooling)), atol=TOLERANCE, rtol=0)


def test_the_missing_mask_explains_the_difference(golden) -> None:
    data = golden("sentix")
    sentix = encoder(data)
    padded = sentix.released_inputs(data.inputs["texts"], length=data.inputs["nomask_batch_length"], twice=False)
    unmasked = sentix.encode_inputs(padded)
    np.testing.assert_allclose(unmasked, np.stack(data.rows("nomask.cls")), atol=TOLERANCE, rtol=0)
    assert np.abs(unmasked - sentix.encode(data.inputs["texts"])).max() > 0.1


@pytest.mark.parametrize("pooling", [None, "cls", "pooler"])
def test_as_released(golden, pooling: str | None) -> None:
    data = golden("sentix")
    released = encoder(data, as_released=True, pooling=pooling)
    texts = data.inputs["texts"]
    expected = [ids.tolist() for ids in data.rows("authors_eval.input_ids")]
    assert [ids.tolist() for ids in released.inputs(texts)] == expected
    vectors = np.stack(data.rows(f"authors_eval.{pooling or 'pooler'}"))
    np.testing.assert_allclose(released.encode(texts), vectors, atol=TOLERANCE, rtol=0)

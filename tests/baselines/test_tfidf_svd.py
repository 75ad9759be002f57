"""The tf-idf encoder is scikit-learn's tf-idf and SVD of the texts that it may be fitted on."""

import numpy as np
import pytest
from affectbench_sample import Sample
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize

from baselines import tfidf_svd
from baselines.tfidf_svd import TfidfSvd
from harness.errors import UsageError, WeightsMissing
from harness.testing import check_encoder

TEXTS = Sample().read("train").texts


@pytest.fixture
def fitted(monkeypatch):
    monkeypatch.setattr(tfidf_svd, "fitting_texts", lambda data_dir: TEXTS)
    tfidf_svd.fitted.cache_clear()
    yield
    tfidf_svd.fitted.cache_clear()


def test_it_is_scikit_learn_s_and_keeps_the_contract(fitted):
    grams = {"analyzer": "char_wb", "ngram_range": (3, 5), "min_df": 5}
    weights = TfidfVectorizer(**grams, sublinear_tf=True, dtype=np.float32)
    svd = make_pipeline(weights, TruncatedSVD(256, algorithm="arpack", random_state=0)).fit(TEXTS)
    asked = ["I felt happy about the storm.", "Oh, a phone"]
    np.testing.assert_allclose(TfidfSvd().encode(asked), normalize(svd.transform(asked)), atol=1e-5)
    assert check_encoder(TfidfSvd()).passed
    assert np.array_equal(TfidfSvd(max_length=2).encode(["felt happy storm"]), TfidfSvd().encode(["felt happy"]))
    with pytest.raises(UsageError, match="tfidf-svd: the maximum length is 0"):
        TfidfSvd(max_length=0)


def test_without_its_texts_one_command_is_named():
    for ask in (TfidfSvd().check_ready, TfidfSvd().fetch, lambda: TfidfSvd(weights_dir="there").encode(["a"])):
        with pytest.raises(WeightsMissing, match="`bench data --fetch ratings`"):
            ask()
    # Known without them: records are found again by it.
    assert TfidfSvd().fingerprint == "d06035f86e6e66ff362deba181993fc6" != TfidfSvd(max_length=5).fingerprint

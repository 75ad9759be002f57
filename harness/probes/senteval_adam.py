"""SentEval's own classifier, as its code runs: a linear layer trained by Adam with early stopping.

After `senteval/tools/classifier.py` (`PyTorchClassifier`, `MLP` with `nhid: 0`) and `senteval/tools/validation.py` of
facebookresearch/SentEval in the configuration that its README calls comparable (adam, batch size 64, tenacity 5,
epoch size 4). What differs is speed only: trainings that have the same number of rows run side by side, and the
weight decays of one training share its batches.

Particulars that are kept because they move the numbers:

- the grid is of weight decays 1e-5 … 1e-2, given to Adam itself (added to the gradient, bias included);
- the loss is the *mean* over a batch. The toolkit sets `loss_fn.size_average = False` after construction, which made
  it a sum in 2017 and has no effect since PyTorch reads `reduction`; under Adam the difference is one of balance
  between loss and weight decay by the batch size;
- the weights of every training start from the same seed, and so does the order of its batches (NumPy's legacy
  generator);
- one check is four passes; training stops at the sixth check *in total* that does not improve on the best (the
  counter is never reset), or after more than 200 passes; the best weights are kept;
- in cross-validation the held-out fold both stops the training and scores it, and the last fit stops on a random 5 %
  of its training rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.probes import Folds

Rows = NDArray[np.int64]

#: Weight decays of the torch mode.
DECAYS = (1e-5, 1e-4, 1e-3, 1e-2)

_BATCH = 64
_PASSES = 4
_TENACITY = 5
_MAX_PASSES = 200
_HOLDOUT = 0.05
_RATE, _BETA1, _BETA2, _EPS = 1e-3, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class AdamResult:
    """Predictions and what led to them."""

    predictions: Rows
    """Class of each evaluated row."""
    decays: tuple[float, ...]
    """Chosen weight decay: one per outer fold, or one."""
    development: tuple[float, ...]
    """Best development score in per cent, two decimals, of each choice (the toolkit's `devacc` is their mean)."""
    passes: int
    """Passes over training rows in all, summed over the trainings."""
    fits: int


class _Training:
    """Rows to fit, rows that stop it, and the weight decays to try; then the best weights of each decay."""

    def __init__(self, rows: Rows, development: Rows, decays: tuple[float, ...], order: np.random.RandomState) -> None:
        self.rows, self.development, self.decays, self.order = rows, development, decays, order
        self.scores, self.passes = np.full(len(decays), -1.0), np.zeros(len(decays), dtype=np.int64)
        self.failures = np.zeros(len(decays), dtype=np.int64)
        self.best = torch.empty(0)
        """(decays, classes, d + 1), the bias last."""

    @property
    def running(self) -> NDArray[np.bool_]:
        """Which decays have not stopped."""
        return self.failures <= _TENACITY

    def check(self, weights: Tensor, features: Tensor, labels: Tensor, passes: int) -> None:
        """Score weights on the development rows, keep the best."""
        asked, truth = features[self.development], labels[self.development]
        correct = (torch.einsum("nd,scd->snc", asked, weights).argmax(dim=2) == truth).sum(dim=1).tolist()
        for k in np.flatnonzero(self.running):
            self.passes[k] = passes
            score = correct[k] / len(truth)
            if score > self.scores[k]:
                self.scores[k], self.best[k] = score, weights[k]
            else:
                self.failures[k] += 1

    def predict(self, features: Tensor, rows: Rows, place: int) -> Rows:
        """Classes (m,) of rows by the best weights of one decay."""
        return (features[rows] @ self.best[place].T).argmax(dim=1).numpy()


def nested(
    X: NDArray[np.floating], y: NDArray[np.integer], classes: int, outer: Folds, inner: Sequence[Folds], *, seed: int
) -> AdamResult:
    """Nested cross-validation (`InnerKFoldClassifier` with `usepytorch`): MR, CR.

    Args:
        X: features (n, d).
        y: classes (n,).
        classes: number of classes.
        outer: rows held out by each outer fold.
        inner: for each outer fold its inner folds, as places among its training rows in ascending order.
        seed: of the initial weights and of the batches; the folds are given.
    """
    features, labels = _data(X, y)
    fitted = [np.delete(np.arange(len(features)), held_out) for held_out in outer]
    tried = [
        [_Training(np.delete(rows, part), rows[part], DECAYS, np.random.RandomState(seed)) for part in folds]
        for rows, folds in zip(fitted, inner, strict=True)
    ]
    every = [training for trainings in tried for training in trainings]
    _train(features, labels, classes, every, seed)
    finals, scores = [], []
    for rows, trainings in zip(fitted, tried, strict=True):
        table = np.array([training.scores for training in trainings])
        means = [round(100 * float(np.mean(column)), 2) for column in table.T]
        scores.append(max(means))
        order = np.random.RandomState(seed)
        shuffled, held = rows[order.permutation(len(rows))], int(_HOLDOUT * len(rows))
        finals.append(_Training(shuffled[held:], shuffled[:held], (DECAYS[int(np.argmax(means))],), order))
    _train(features, labels, classes, finals, seed)
    predictions = np.empty(len(features), dtype=np.int64)
    for held_out, final in zip(outer, finals, strict=True):
        predictions[held_out] = final.predict(features, held_out, 0)
    every += finals
    passes, fits = sum(int(one.passes.sum()) for one in every), sum(len(one.decays) for one in every)
    return AdamResult(predictions, tuple(final.decays[0] for final in finals), tuple(scores), passes, fits)


def split(
    X: NDArray[np.floating],
    y: NDArray[np.integer],
    classes: int,
    training: Rows,
    development: Rows,
    test: Rows,
    *,
    seed: int,
) -> AdamResult:
    """Fixed training, development and test rows (`SplitClassifier` with `usepytorch`): SST.

    The toolkit trains once more with the chosen decay, which repeats the same training; here it is kept.

    Args:
        X: features (n, d) of all rows.
        y: classes (n,).
        classes: number of classes.
        training: rows to fit.
        development: rows that stop each training and choose the decay.
        test: rows to predict.
        seed: of the initial weights and of the batches.
    """
    features, labels = _data(X, y)
    fit = _Training(training, development, DECAYS, np.random.RandomState(seed))
    _train(features, labels, classes, [fit], seed)
    scores = [round(100 * float(score), 2) for score in fit.scores]
    best = int(np.argmax(scores))
    predictions = fit.predict(features, test, best)
    return AdamResult(predictions, (DECAYS[best],), (scores[best],), int(fit.passes.sum()), len(DECAYS))


def _train(features: Tensor, labels: Tensor, classes: int, trainings: Sequence[_Training], seed: int) -> None:
    """Train all, those with equally many rows side by side."""
    # Initial weights as `torch.manual_seed(seed); torch.nn.Linear(d, classes)` draws them; the bias is the last column.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = torch.nn.Linear(features.shape[1] - 1, classes)
    initial = torch.cat([layer.weight.detach(), layer.bias.detach()[:, None]], dim=1)
    alike: dict[tuple[int, int], list[_Training]] = {}
    for training in trainings:
        training.best = initial.repeat(len(training.decays), 1, 1)
        alike.setdefault((len(training.rows), len(training.decays)), []).append(training)
    for running in alike.values():
        weights = torch.stack([training.best for training in running])
        state = _Adam(weights, torch.tensor([training.decays for training in running]))
        passes = 0
        while running and passes <= _MAX_PASSES:
            for _ in range(_PASSES):
                orders = np.stack([t.rows[t.order.permutation(len(t.rows))] for t in running])
                state.one_pass(features, labels, torch.from_numpy(orders))
            passes += _PASSES
            for training, own in zip(running, state.weights, strict=True):
                training.check(own, features, labels, passes)
            keep = [place for place, training in enumerate(running) if training.running.any()]
            if len(keep) < len(running):
                running = [running[place] for place in keep]
                state.keep(keep)


class _Adam:
    """`torch.optim.Adam` with coupled weight decay, for several trainings at a time.

    Args:
        weights: (jobs, decays, classes, d + 1).
        decays: (jobs, decays).
    """

    def __init__(self, weights: Tensor, decays: Tensor) -> None:
        self.weights, self._decays = weights, decays[:, :, None, None]
        self._first, self._second = torch.zeros_like(weights), torch.zeros_like(weights)
        self._steps = 0

    def keep(self, places: list[int]) -> None:
        """Go on with some of the trainings."""
        self.weights, self._decays = self.weights[places], self._decays[places]
        self._first, self._second = self._first[places], self._second[places]

    def one_pass(self, features: Tensor, labels: Tensor, orders: Tensor) -> None:
        """Take one step for each batch of 64 rows of every training, in the order given (jobs, rows)."""
        jobs, decays, classes, width = self.weights.shape
        for start in range(0, orders.shape[1], _BATCH):
            batch = orders[:, start : start + _BATCH]
            rows = features.index_select(0, batch.reshape(-1)).view(*batch.shape, width)
            logits = rows @ self.weights.view(jobs, decays * classes, width).transpose(1, 2)
            residuals = logits.view(jobs, -1, decays, classes).softmax(dim=3)
            target = labels[batch][:, :, None, None].expand(-1, -1, decays, 1)
            residuals.scatter_add_(3, target, residuals.new_full((1, 1, 1, 1), -1).expand_as(target))
            residuals = residuals.view(jobs, -1, decays * classes) / batch.shape[1]
            self._step((residuals.transpose(1, 2) @ rows).view_as(self.weights))

    def _step(self, gradient: Tensor) -> None:
        self._steps += 1
        gradient.addcmul_(self._decays, self.weights)
        self._first.lerp_(gradient, 1 - _BETA1)
        self._second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
        scale = self._second.sqrt().div_((1 - _BETA2**self._steps) ** 0.5).add_(_EPS)
        self.weights.addcdiv_(self._first, scale, value=-_RATE / (1 - _BETA1**self._steps))


def _data(X: NDArray[np.floating], y: NDArray[np.integer]) -> tuple[Tensor, Tensor]:
    """Features in float32 with a column of ones for the bias, and labels."""
    features = np.ones((len(X), X.shape[1] + 1), dtype=np.float32)
    features[:, :-1] = X
    return torch.from_numpy(features), torch.from_numpy(np.asarray(y, dtype=np.int64))

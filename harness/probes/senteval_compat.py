"""SentEval's own classifier, as its code runs: a linear layer trained by Adam with early stopping.

After `senteval/tools/classifier.py` (`PyTorchClassifier`, `MLP` with `nhid: 0`) and `senteval/tools/validation.py` of
facebookresearch/SentEval in the configuration that its README calls comparable (adam, batch size 64, tenacity 5,
epoch size 4). What differs is speed only: trainings that have the same number of rows run side by side, and the
strengths of one training share its batches.

Particulars that are kept because they move the numbers:

- strengths are weight decays 1e-5 … 1e-2 given to Adam itself (added to the gradient, bias included);
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

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.probes.base import Array, Folds, check_partition, take_rows, to_labels, to_matrix, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

#: The toolkit's seed where none is given.
SEED = 1111
#: Weight decays of the torch mode.
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)

_BATCH = 64
_PASSES = 4
_TENACITY = 5
_MAX_PASSES = 200
_HOLDOUT = 0.05
_RATE, _BETA1, _BETA2, _EPS = 1e-3, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class CompatResult:
    """Predictions and what led to them."""

    predictions: NDArray[np.int64]
    """Class of each evaluated row."""
    strengths: tuple[float, ...]
    """Chosen weight decay: one per outer fold, or one."""
    development: tuple[float, ...]
    """Best development score in per cent, two decimals, of each choice (the toolkit's `devacc` is their mean)."""
    passes: int
    """Passes over training rows in all, summed over the trainings."""
    fits: int


@dataclass(frozen=True)
class Training:
    """One training: rows to fit, rows that stop it, and the weight decays to try."""

    rows: NDArray[np.int64]
    development: NDArray[np.int64]
    strengths: tuple[float, ...]
    generator: np.random.RandomState
    """Gives the order of the batches."""


@dataclass
class Trained:
    """The best weights of a training at each strength."""

    weights: Tensor
    """(strengths, classes, d)."""
    biases: Tensor
    """(strengths, classes)."""
    scores: NDArray[np.float64]
    """Development accuracy of each (strengths,)."""
    passes: NDArray[np.int64]


def nested(X: Array, y: Array, classes: int, outer: Folds, inner: Sequence[Folds], *, seed: int = SEED) -> CompatResult:
    """Nested cross-validation (`InnerKFoldClassifier` with `usepytorch`): MR, CR.

    Args:
        X: features (n, d).
        y: classes (n,).
        classes: number of classes.
        outer: rows held out by each outer fold.
        inner: for each outer fold its inner folds, as places among its training rows in ascending order.
        seed: of the initial weights and of the batches; the folds are given.
    """
    features, labels = _data(X, y, classes)
    parts = check_partition(outer, len(features))
    trainings, trained_rows = [], []
    for held_out, folds in zip(parts, inner, strict=True):
        rows = np.setdiff1d(np.arange(len(features)), held_out, assume_unique=True)
        trained_rows.append(rows)
        for fold in check_partition(folds, len(rows)):
            rest = np.delete(rows, fold)
            trainings.append(Training(rest, rows[fold], STRENGTHS, np.random.RandomState(seed)))
    tried = train(features, labels, classes, trainings, seed)
    chosen, scores, finals = [], [], []
    start = 0
    for rows, folds in zip(trained_rows, inner, strict=True):
        table = np.array([fit.scores for fit in tried[start : start + len(folds)]])
        start += len(folds)
        means = [round(100 * float(np.mean(column)), 2) for column in table.T]
        chosen.append(STRENGTHS[int(np.argmax(means))])
        scores.append(max(means))
        generator = np.random.RandomState(seed)
        order = generator.permutation(len(rows))
        held = int(_HOLDOUT * len(rows))
        finals.append(Training(rows[order[held:]], rows[order[:held]], (chosen[-1],), generator))
    fitted = train(features, labels, classes, finals, seed)
    predictions = np.empty(len(features), dtype=np.int64)
    for held_out, fit in zip(parts, fitted, strict=True):
        predictions[held_out] = predict(features, held_out, fit, 0)
    passes = sum(int(fit.passes.sum()) for fit in (*tried, *fitted))
    fits = sum(len(fit.scores) for fit in (*tried, *fitted))
    return CompatResult(predictions, tuple(chosen), tuple(scores), passes, fits)


def split(
    X: Array,
    y: Array,
    classes: int,
    training: NDArray[np.int64],
    development: NDArray[np.int64],
    test: NDArray[np.int64],
    *,
    seed: int = SEED,
) -> CompatResult:
    """Fixed training, development and test rows (`SplitClassifier` with `usepytorch`): SST.

    The toolkit trains once more with the chosen strength, which repeats the same training; here it is kept.

    Args:
        X: features (n, d) of all rows.
        y: classes (n,).
        classes: number of classes.
        training: rows to fit.
        development: rows that stop each training and choose the strength.
        test: rows to predict.
        seed: of the initial weights and of the batches.
    """
    features, labels = _data(X, y, classes)
    (fit,) = train(
        features, labels, classes, [Training(training, development, STRENGTHS, np.random.RandomState(seed))], seed
    )
    scores = [round(100 * float(score), 2) for score in fit.scores]
    best = int(np.argmax(scores))
    predictions = predict(features, test, fit, best)
    return CompatResult(predictions, (STRENGTHS[best],), (scores[best],), int(fit.passes.sum()), len(STRENGTHS))


def predict(features: Tensor, rows: NDArray[np.int64], fit: Trained, strength: int) -> NDArray[np.int64]:
    """Classes (m,) of rows by a trained classifier at one strength, given by its place."""
    part = take_rows(features, rows)
    return to_numpy((part @ fit.weights[strength].T + fit.biases[strength]).argmax(dim=1))


def train(features: Tensor, labels: Tensor, classes: int, trainings: Sequence[Training], seed: int) -> list[Trained]:
    """Train all, those with equally many rows side by side.

    Args:
        features: (n, d), float32.
        labels: (n,), int64.
        classes: number of classes.
        trainings: what to train; their generators are used up.
        seed: of the initial weights.
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for place, training in enumerate(trainings):
        alike.setdefault((len(training.rows), len(training.strengths)), []).append(place)
    done: dict[int, Trained] = {}
    for places in alike.values():
        fits = _train_alike(features, labels, classes, [trainings[place] for place in places], seed)
        done.update(zip(places, fits, strict=True))
    return [done[place] for place in range(len(trainings))]


def _train_alike(
    features: Tensor, labels: Tensor, classes: int, trainings: Sequence[Training], seed: int
) -> list[Trained]:
    import torch

    jobs, strengths = len(trainings), len(trainings[0].strengths)
    decays = torch.tensor([t.strengths for t in trainings], dtype=torch.float32, device=features.device)
    state = _Adam.start(features, classes, decays, seed)
    best = [
        Trained(
            state.weights[0].clone(), state.biases[0].clone(), np.full(strengths, -1.0), np.zeros(strengths, np.int64)
        )
        for _ in trainings
    ]
    failures = np.zeros((jobs, strengths), dtype=np.int64)
    stopped = np.zeros((jobs, strengths), dtype=bool)
    running = list(range(jobs))
    passes = 0
    while running and passes <= _MAX_PASSES:
        for _ in range(_PASSES):
            orders = np.stack([_shuffled(trainings[j]) for j in running])
            state.one_pass(features, labels, torch.from_numpy(orders).to(features.device))
        passes += _PASSES
        for k, j in enumerate(running):
            rows = torch.from_numpy(trainings[j].development).to(features.device)
            asked = take_rows(features, trainings[j].development)
            logits = torch.einsum("nd,scd->snc", asked, state.weights[k]) + state.biases[k][:, None]
            correct = to_numpy((logits.argmax(dim=2) == labels[rows]).sum(dim=1))
            for s in np.flatnonzero(~stopped[j]):
                score = float(correct[s]) / len(rows)
                best[j].passes[s] = passes
                if score > best[j].scores[s]:
                    best[j].scores[s] = score
                    best[j].weights[s], best[j].biases[s] = state.weights[k, s], state.biases[k, s]
                else:
                    stopped[j, s] = failures[j, s] >= _TENACITY
                    failures[j, s] += 1
        keep = [k for k, j in enumerate(running) if not stopped[j].all()]
        if len(keep) < len(running):
            running = [running[k] for k in keep]
            state = state.select(torch.tensor(keep, dtype=torch.int64, device=features.device))
    return best


def _shuffled(training: Training) -> NDArray[np.int64]:
    """The rows in the order of the next pass."""
    return training.rows[training.generator.permutation(len(training.rows))]


@dataclass
class _Adam:
    """Weights and Adam's moments of several trainings; the bias is the last column of each."""

    both: Tensor
    """Weights and biases (jobs, strengths, classes, d + 1)."""
    first: Tensor
    second: Tensor
    decays: Tensor
    """(jobs, strengths)."""
    steps: int = 0

    @classmethod
    def start(cls, features: Tensor, classes: int, decays: Tensor, seed: int) -> _Adam:
        """Initial weights as `torch.manual_seed(seed); torch.nn.Linear(d, classes)` draws them."""
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer = torch.nn.Linear(features.shape[1], classes, device="cpu")
        initial = torch.cat([layer.weight.detach(), layer.bias.detach()[:, None]], dim=1).to(features.device)
        both = initial.repeat(*decays.shape, 1, 1)
        return cls(both, torch.zeros_like(both), torch.zeros_like(both), decays)

    @property
    def weights(self) -> Tensor:
        """(jobs, strengths, classes, d)."""
        return self.both[..., :-1]

    @property
    def biases(self) -> Tensor:
        """(jobs, strengths, classes)."""
        return self.both[..., -1]

    def select(self, keep: Tensor) -> _Adam:
        """Go on with some of the trainings."""
        return _Adam(self.both[keep], self.first[keep], self.second[keep], self.decays[keep], self.steps)

    def one_pass(self, features: Tensor, labels: Tensor, orders: Tensor) -> None:
        """Take one step for each batch of 64 rows of every training, in the order given (jobs, rows)."""
        import torch

        jobs, strengths, classes, width = self.both.shape
        for start in range(0, orders.shape[1], _BATCH):
            batch = orders[:, start : start + _BATCH]
            rows = features.index_select(0, batch.reshape(-1)).view(*batch.shape, -1)
            logits = rows @ self.weights.reshape(jobs, strengths * classes, width - 1).transpose(1, 2)
            logits = logits.view(jobs, -1, strengths, classes) + self.biases[:, None]
            residuals = logits.softmax(dim=3)
            target = labels[batch][:, :, None, None].expand(-1, -1, strengths, 1)
            residuals.scatter_add_(3, target, residuals.new_full((1, 1, 1, 1), -1).expand_as(target))
            residuals = residuals.view(jobs, -1, strengths * classes) / batch.shape[1]
            gradient = torch.cat([residuals.transpose(1, 2) @ rows, residuals.sum(dim=1)[..., None]], dim=2)
            self._step(gradient.view_as(self.both))

    def _step(self, gradient: Tensor) -> None:
        """`torch.optim.Adam` with coupled weight decay."""
        self.steps += 1
        gradient = gradient + self.decays[:, :, None, None] * self.both
        self.first.lerp_(gradient, 1 - _BETA1)
        self.second.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
        scale = (self.second.sqrt() / (1 - _BETA2**self.steps) ** 0.5).add_(_EPS)
        self.both.addcdiv_(self.first, scale, value=-_RATE / (1 - _BETA1**self.steps))


def _data(X: Array, y: Array, classes: int) -> tuple[Tensor, Tensor]:
    features = to_matrix(X).float()
    labels = to_labels(y, features)
    if len(labels) != len(features):
        raise ValueError(f"X has {len(features)} rows but y has {len(labels)}")
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(f"y must hold classes 0 to {classes - 1}")
    return features, labels

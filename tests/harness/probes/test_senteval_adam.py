"""The batched procedure repeats the toolkit's loop: a linear layer, `torch.optim.Adam`, one training after another."""

import copy

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from harness.probes import senteval_adam as compat


def fit(X, y, classes, dev_X, dev_y, decay, order, seed):
    """The toolkit's classifier as its documentation and code describe it."""
    torch.manual_seed(seed)
    layer = torch.nn.Linear(X.shape[1], classes)
    optimiser = torch.optim.Adam(layer.parameters(), weight_decay=decay)
    best, kept, failures, passes = -1.0, None, 0, 0
    while passes <= 200:
        for _ in range(4):
            permutation = order.permutation(len(X))
            for start in range(0, len(X), 64):
                batch = torch.from_numpy(permutation[start : start + 64])
                loss = torch.nn.functional.cross_entropy(layer(X[batch]), y[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        passes += 4
        with torch.no_grad():
            score = (layer(dev_X).argmax(1) == dev_y).double().mean().item()
        if score > best:
            best, kept = score, copy.deepcopy(layer)
        else:
            if failures >= 5:
                break
            failures += 1
    return best, kept, passes


def data(n, d, classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    y = (X @ rng.normal(size=(d, classes)) + 2 * rng.gumbel(size=(n, classes))).argmax(axis=1)
    return X, y


def test_fixed_splits_repeat_the_loop():
    X, y = data(230, 8, 3)
    train, dev, test = np.arange(130), np.arange(130, 180), np.arange(180, 230)
    ours = compat.split(X, y, 3, train, dev, test, seed=1111)
    tensors, labels = torch.from_numpy(X), torch.from_numpy(y)
    fits = [
        fit(tensors[train], labels[train], 3, tensors[dev], labels[dev], decay, np.random.RandomState(1111), 1111)
        for decay in compat.DECAYS
    ]
    best = int(np.argmax([round(100 * score, 2) for score, _, _ in fits]))
    assert ours.decays == (compat.DECAYS[best],)
    assert ours.development == (round(100 * fits[best][0], 2),)
    assert ours.passes == sum(passes for _, _, passes in fits)
    np.testing.assert_array_equal(ours.predictions, fits[best][1](tensors[test]).argmax(1).numpy())


def test_nested_folds_repeat_the_loop():
    X, y = data(133, 6, 2, seed=1)
    folds = StratifiedKFold(2, shuffle=True, random_state=1111)
    outer = list(folds.split(X, y))
    inner = [list(folds.split(X[train], y[train])) for train, _ in outer]
    ours = compat.nested(X, y, 2, [test for _, test in outer], [[held for _, held in f] for f in inner], seed=7)
    tensors, labels = torch.from_numpy(X), torch.from_numpy(y)
    passes = 0
    for number, ((train, test), parts) in enumerate(zip(outer, inner, strict=True)):
        scores = []
        for decay in compat.DECAYS:
            found = []
            for a, b in parts:
                rows, held = train[a], train[b]
                random = np.random.RandomState(7)
                found.append(fit(tensors[rows], labels[rows], 2, tensors[held], labels[held], decay, random, 7))
                passes += found[-1][2]
            scores.append(round(100 * float(np.mean([score for score, _, _ in found])), 2))
        best = int(np.argmax(scores))
        assert ours.decays[number] == compat.DECAYS[best]
        assert ours.development[number] == scores[best]
        random = np.random.RandomState(7)
        order = random.permutation(len(train))
        held = int(0.05 * len(train))
        rows, dev = train[order[held:]], train[order[:held]]
        _, layer, more = fit(tensors[rows], labels[rows], 2, tensors[dev], labels[dev], compat.DECAYS[best], random, 7)
        passes += more
        np.testing.assert_array_equal(ours.predictions[test], layer(tensors[test]).argmax(1).numpy())
    assert ours.passes == passes
    assert ours.fits == 2 * (2 * 4 + 1)


def test_the_seed_matters_and_the_global_generators_do_not():
    X, y = data(200, 5, 2, seed=2)
    rows = np.arange(120), np.arange(120, 160), np.arange(160, 200)
    torch.manual_seed(5)
    first = compat.split(X, y, 2, *rows, seed=3)
    after = torch.rand(1)
    np.random.seed(8)
    second = compat.split(X, y, 2, *rows, seed=3)
    np.testing.assert_array_equal(first.predictions, second.predictions)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))
    scores = {compat.split(X, y, 2, *rows, seed=seed).passes for seed in range(6)}
    assert len(scores) > 1


def test_training_never_takes_more_than_204_passes():
    """A development set that each check improves on would train for ever; the toolkit stops after 51 checks."""
    training = compat._Training(np.arange(64), np.arange(64), (0.0,), np.random.RandomState(0))
    compat._train(torch.zeros(64, 3), torch.zeros(64, dtype=torch.int64), 2, [training], 0)
    assert training.passes[0] <= 204

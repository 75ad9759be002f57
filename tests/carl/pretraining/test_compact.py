"""A small state keeps what matters."""

import torch

from carl.pretraining.compact import compact, expand


def trained():
    torch.manual_seed(0)
    model = torch.nn.Linear(24, 16)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    scale = torch.linspace(0.1, 3, 24)
    for _ in range(30):
        optimiser.zero_grad()
        model(torch.randn(32, 24) * scale).square().mean().backward()
        optimiser.step()
    return model, optimiser


def test_weights_and_squares_come_back_nearly():
    model, optimiser = trained()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    weights, states = expand(*compact(model.state_dict(), optimiser.state_dict()))
    for name, tensor in weights.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, before[name], rtol=1e-3, atol=1e-6)
    old, new = optimiser.state_dict()["state"], states["state"]
    assert (new[0]["exp_avg"] == 0).all()
    assert new[0]["step"] == old[0]["step"]
    torch.testing.assert_close(new[0]["exp_avg_sq"].mean(1), old[0]["exp_avg_sq"].mean(1))
    torch.testing.assert_close(new[0]["exp_avg_sq"].mean(0), old[0]["exp_avg_sq"].mean(0))
    assert torch.corrcoef(torch.stack([s[0]["exp_avg_sq"].flatten().log() for s in (old, new)]))[0, 1] > 0.9
    assert torch.equal(new[1]["exp_avg_sq"], old[1]["exp_avg_sq"])
    model.load_state_dict(weights)
    optimiser.load_state_dict(states)
    optimiser.step()


def test_a_sixth_of_the_bytes():
    model, optimiser = torch.nn.Linear(512, 512), None
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 512)).sum().backward()
    optimiser.step()

    def size(weights, states):
        tensors = [*weights.values(), *(v for s in states["state"].values() for v in s.values())]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    whole = size(model.state_dict(), optimiser.state_dict())
    assert size(*compact(model.state_dict(), optimiser.state_dict())) < 0.18 * whole

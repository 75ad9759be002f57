import pytest


@pytest.fixture(autouse=True)
def one_thread():
    """Small matrices: more threads than one only wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

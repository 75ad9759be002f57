"""Arrays on disk are mapped whole and read-only, and files that hold something else are refused."""

import numpy as np
import pytest

from harness.mapped import mapped


@pytest.mark.parametrize("shape", [(3, 5), (0, 5), (7,), (2, 0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_what_was_saved_is_mapped(tmp_path, shape, dtype):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    found = mapped(tmp_path / "a.npy")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)
    assert not found.flags.writeable


def test_a_name_that_is_no_text_is_mapped_too(tmp_path):
    path = tmp_path / "\udcff.npy"
    try:
        np.save(path, np.ones((2, 3), dtype=np.float32))
    except OSError:
        pytest.skip("this file system wants names that are text")
    np.testing.assert_array_equal(mapped(path), np.ones((2, 3)))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    with pytest.raises(FileNotFoundError):
        mapped(path)
    for content in (b"", b"not an array", b"\x93NUMPY\x02\x00" + b"\x00" * 200):
        path.write_bytes(content)
        with pytest.raises(ValueError):
            mapped(path)
    np.save(path, np.ones((4, 3), dtype=np.float32))
    whole = path.read_bytes()
    for content in (whole[:-1], whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="are no array"):
            mapped(path)
    np.save(path, np.asfortranarray(np.ones((4, 3))))
    with pytest.raises(ValueError, match="by rows"):
        mapped(path)
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="object"):
        mapped(path)

"""Reading images and labels."""

import gzip

import numpy as np
import pytest
from PIL import Image

from xbar_circuit import ModelFileError, ParameterError, ShapeError
from xbar_circuit.network.images import (
    Normalisation,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
    read_idx,
)

RAW = Normalisation(divide=1.0)


def idx(array):
    code = {"u1": 8, "i4": 12}[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def test_idx_plain_and_gzipped(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "plain").write_bytes(idx(array))
    (tmp_path / "packed.gz").write_bytes(gzip.compress(idx(array)))
    assert np.array_equal(read_idx(tmp_path / "plain"), array)
    assert np.array_equal(read_idx(tmp_path / "packed.gz"), array)
    wide = np.array([1, -2, 70000], dtype=np.int32)
    (tmp_path / "wide").write_bytes(idx(wide))
    assert read_idx(tmp_path / "wide").tolist() == wide.tolist()


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x01\0\0\0\x05ab", b"hello", b"\x1f\x8b\0"])
def test_damaged_idx_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ModelFileError, match="IDX"):
        read_idx(tmp_path / "file")


def test_normalisation_is_what_is_stated(tmp_path):
    np.save(tmp_path / "x.npy", np.full((1, 2, 1, 1), 10.0))
    np.save(tmp_path / "y.npy", np.array([3]))
    stated = Normalisation(divide=2.0, mean=(1.0, 2.0), std=(4.0, 1.0))
    data = load_dataset(tmp_path / "x.npy", tmp_path / "y.npy", normalisation=stated)
    assert data.images.ravel().tolist() == [1.0, 3.0]
    assert data.images.dtype == np.float32
    with pytest.raises(ParameterError, match="divide"):
        Normalisation(divide=0.0)


def test_npz_and_folder_by_class(tmp_path):
    pixels = np.arange(32, dtype=np.uint8).reshape(2, 4, 4)
    np.savez(tmp_path / "set.npz", images=pixels, labels=[1, 0])
    data = load_dataset(tmp_path / "set.npz", normalisation=RAW)
    assert data.images.shape == (2, 1, 4, 4)
    assert data.labels.tolist() == [1, 0]
    for name, image in zip(("cat", "bird"), pixels, strict=True):
        (tmp_path / "folder" / name).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "folder" / name / "one.png")
    data = load_dataset(tmp_path / "folder", normalisation=RAW)
    assert data.labels.tolist() == [0, 1]  # bird, cat
    assert np.array_equal(data.images[:, 0], pixels[::-1])


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="sub-folder"):
        load_dataset(tmp_path, normalisation=RAW)
    np.savez(tmp_path / "set.npz", other=1)
    with pytest.raises(ModelFileError, match="images and labels"):
        load_dataset(tmp_path / "set.npz", normalisation=RAW)
    for name in ("torn.npz", "torn.npy"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 torn")
        with pytest.raises(ModelFileError, match="torn"):
            load_dataset(tmp_path / name, tmp_path / name, normalisation=RAW)
    np.save(tmp_path / "x.npy", np.ones((2, 3, 3)))
    with pytest.raises(ParameterError, match="labels"):
        load_dataset(tmp_path / "x.npy", normalisation=RAW)
    np.save(tmp_path / "y.npy", np.array([1]))
    with pytest.raises(ShapeError, match="one label"):
        load_dataset(tmp_path / "x.npy", tmp_path / "y.npy", normalisation=RAW)
    np.save(tmp_path / "nan.npy", np.full((1, 3, 3), np.nan))
    with pytest.raises(ParameterError, match="NaN"):
        load_dataset(tmp_path / "nan.npy", tmp_path / "y.npy", normalisation=RAW)


def test_the_calibration_set_is_not_part_of_the_test_set():
    test = {image.tobytes() for image in fashion_mnist_test().images}
    assert not any(image.tobytes() in test for image in fashion_mnist_calibration().images)

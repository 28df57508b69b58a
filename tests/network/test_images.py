"""Reading images and labels."""

import gzip

import numpy as np
import pytest
from PIL import Image

from xbar_circuit import ModelFileError, ParameterError, ShapeError
from xbar_circuit.network._image_files import read_idx
from xbar_circuit.network.images import (
    Dataset,
    fashion_mnist_calibration,
    fashion_mnist_test,
    load_dataset,
)
from xbar_circuit.network.normalisation import Normalisation

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


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\x08\x01\0\0\0\x05ab",
        b"hello",
        b"\x1f\x8b\0",
        gzip.compress(b"a" * 99, mtime=0)[:10] + b"torn" * 9,
    ],
)
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
    assert data.images.shape == (2, 4, 4)  # no axis of its own accord
    assert data.arranged((1, 4, 4)).images.shape == (2, 1, 4, 4)
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
    with pytest.raises(ModelFileError, match="no entry 'images'"):
        load_dataset(tmp_path / "set.npz", normalisation=RAW)
    for name in ("torn.npz", "torn.npy"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 torn")
        with pytest.raises(ModelFileError, match="torn"):
            load_dataset(tmp_path / name, tmp_path / name, normalisation=RAW)
    np.save(tmp_path / "x.npy", np.ones((2, 3, 3)))
    unlabelled = load_dataset(tmp_path / "x.npy", normalisation=RAW)
    assert unlabelled.labels is None
    with pytest.raises(ParameterError, match="labels: got none"):
        assert unlabelled.classes is None
    np.save(tmp_path / "y.npy", np.array([1]))
    with pytest.raises(ShapeError, match="one label"):
        load_dataset(tmp_path / "x.npy", tmp_path / "y.npy", normalisation=RAW)
    np.save(tmp_path / "nan.npy", np.full((1, 3, 3), np.nan))
    with pytest.raises(ParameterError, match="NaN"):
        load_dataset(tmp_path / "nan.npy", tmp_path / "y.npy", normalisation=RAW)


def test_the_calibration_set_is_not_part_of_the_test_set():
    test = {image.tobytes() for image in fashion_mnist_test().images}
    assert not any(image.tobytes() in test for image in fashion_mnist_calibration().images)


def images(*shape, seed=0):
    x = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return Dataset(images=x, labels=np.zeros(len(x), np.int64))


@pytest.mark.parametrize(
    ("given", "wanted", "order"),
    [
        ((3, 5, 4), (3, 5, 4), (0, 1, 2, 3)),
        ((3, 5, 4), (5, 4, 3), (0, 2, 3, 1)),
        ((5, 4, 3), (3, 5, 4), (0, 3, 1, 2)),
        ((3, 5, 4), (None, None, 3), (0, 2, 3, 1)),
        ((1, 5, 4), (5, 4), (0, 1, 2, 3)),
        ((1, 5, 4), (20,), (0, 1, 2, 3)),
        ((1, 5, 4), (5, 4, 1), (0, 1, 2, 3)),
        ((7,), (1, 7), (0, 1)),
    ],
)
def test_images_take_the_layout_of_the_network(given, wanted, order):
    data = images(2, *given)
    found = data.arranged(wanted).images
    expected = data.images.transpose(order).reshape(found.shape)
    assert np.array_equal(found, expected)
    assert all(want in (have, None) for have, want in zip(found.shape[1:], wanted, strict=True))


@pytest.mark.parametrize("wanted", [(3, 5, 5), (60,), (3, 4, 5), (1, 60)])
def test_images_of_another_size_are_refused(wanted):
    with pytest.raises(ShapeError, match=r"shape \(3, 5, 4\), expected the network's"):
        images(2, 3, 5, 4).arranged(wanted)


def test_images_of_the_test_set_are_left_out_of_the_calibration():
    test, more = images(4, 2, 2), images(3, 2, 2, seed=1)
    both = Dataset(images=np.concatenate([test.images[1:3], more.images]), labels=np.arange(5))
    assert both.without(test).labels.tolist() == [2, 3, 4]
    with pytest.raises(ParameterError, match="calibration: got images, all of them in"):
        test.first(2).without(test)


def test_statistics_are_by_channel(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 4, 4, 3)))
    np.save(tmp_path / "y.npy", np.array([0, 1]))
    stated = Normalisation(divide=1.0, mean=(1.0, 2.0, 3.0))
    with pytest.raises(ShapeError, match=r"3 means .* channels first"):
        load_dataset(tmp_path / "x.npy", tmp_path / "y.npy", normalisation=stated)
    np.save(tmp_path / "half.npy", np.array([0.5, 1]))
    numbers = load_dataset(tmp_path / "x.npy", tmp_path / "half.npy", normalisation=RAW)
    assert numbers.labels.tolist() == [0.5, 1.0]
    assert not numbers.has_classes
    np.save(tmp_path / "nan.npy", np.array([np.nan, 1]))
    with pytest.raises(ParameterError, match="labels: got float64"):
        load_dataset(tmp_path / "x.npy", tmp_path / "nan.npy", normalisation=RAW)


def test_grey_images_keep_their_16_bits(tmp_path):
    pixels = np.array([[0, 300], [40_000, 65_535]], dtype=np.uint16)
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "one.png")
    data = load_dataset(tmp_path, normalisation=RAW)
    assert data.images[0, 0].tolist() == pixels.tolist()

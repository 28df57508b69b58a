"""Matrices in files of the user's."""

import numpy as np
import pytest

import xbar_circuit as xc
from xbar_circuit._matrix_files import load_matrix

VALUES = np.array([[1e-6, 2.5e-6, 0.0], [3e-6, 4e-6, 5e-6]])


@pytest.mark.parametrize("mark", [",", ";", "\t", " "])
@pytest.mark.parametrize("head", ["", "# made by hand\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text(tmp_path, mark, head, end):
    path = tmp_path / "G.csv"
    lines = [mark.join(repr(float(v)) for v in row) for row in VALUES]
    path.write_text(head + end.join(lines) + end, encoding="utf-8-sig", newline="")
    np.testing.assert_array_equal(load_matrix(path), VALUES)


def test_headings_are_left_out(tmp_path):
    path = tmp_path / "G.csv"
    path.write_text("a,b,c\n" + "\n".join(",".join(map(str, row)) for row in VALUES), "utf-8")
    np.testing.assert_array_equal(load_matrix(path), VALUES)


def test_npy_and_vectors(tmp_path):
    np.save(tmp_path / "G.npy", VALUES.astype(np.float32))
    np.testing.assert_array_equal(load_matrix(tmp_path / "G.npy"), VALUES.astype(np.float32))
    np.save(tmp_path / "v.npy", VALUES[0])
    assert load_matrix(tmp_path / "v.npy").shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"1,2\n3\n", r"lines of \[1, 2\] values"),
        ("b.csv", b"1,2\n3,x\n", "'x' in line 2"),
        ("c.csv", b"", "no numbers"),
        ("d.csv", b"\xff\xfe\x00", "UTF-8"),
        ("e.npy", b"not an array", "a NumPy array"),
        ("f.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, "
         b"'shape': (1152921504606846976,), }" + b" " * 35 + b"\n", "a NumPy array"),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_by_name(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(xc.ModelFileError, match=said) as refusal:
        load_matrix(path)
    assert str(path) in str(refusal.value)


def test_pickles_are_never_opened(tmp_path):
    np.save(tmp_path / "G.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(xc.ModelFileError, match="a NumPy array of numbers"):
        load_matrix(tmp_path / "G.npy")


def test_unknown_kinds_and_missing_files(tmp_path):
    with pytest.raises(xc.ParameterError, match=r"\.xlsx"):
        load_matrix(tmp_path / "G.xlsx")
    with pytest.raises(xc.ModelFileError, match="No such file"):
        load_matrix(tmp_path / "G.csv")

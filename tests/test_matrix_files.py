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


@pytest.mark.parametrize(
    "text",
    [
        ",0,1,2\n0,1e-6,2.5e-6,0.0\n1,3e-6,4e-6,5e-6\n",  # pandas.DataFrame.to_csv
        "row,a,b,c\nwl0,1e-6,2.5e-6,0.0\nwl1,3e-6,4e-6,5e-6\n",
        "wl0;1e-6;2.5e-6;0.0\nwl1;3e-6;4e-6;5e-6\n",
        "1e-6,2.5e-6,0.0,\n3e-6,4e-6,5e-6,\n",  # a separator after the last value
        "'a','b','c'\n 1e-6, 2.5e-6, 0.0\n 3e-6, 4e-6, 5e-6\n",
    ],
)
def test_what_other_programs_write(tmp_path, text):
    path = tmp_path / "G.csv"
    path.write_text(text, "utf-8")
    np.testing.assert_array_equal(load_matrix(path), VALUES)


def test_npy_and_vectors(tmp_path):
    np.save(tmp_path / "G.npy", VALUES.astype(np.float32))
    np.testing.assert_array_equal(load_matrix(tmp_path / "G.npy"), VALUES.astype(np.float32))
    np.save(tmp_path / "v.npy", VALUES[0])
    assert load_matrix(tmp_path / "v.npy").shape == (1, 3)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"1,2\n3\n", "1 values in line 2 and 2 in line 1"),
        ("b.csv", b"1,2\n3,x\n", "'x' in line 2"),
        ("c.csv", b"", "no numbers"),
        ("g.csv", b"# a comment\n\n1,2\n3,x\n", "'x' in line 4"),
        ("h.csv", b"0,5;1,5\n", "decimal point; write 0.5"),
        ("i.csv", b"1,,3\n4,5,6\n", "an empty cell in line 1"),
        ("j.csv", b"made by me\non a day\n1,2\n", "'on' in line 2"),
        ("k.csv", b"wl0,1,2\n3,4,5\n", "'wl0' in line 1"),
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

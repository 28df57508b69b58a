"""Result files are whole or not there."""

import json
import stat

import numpy as np
import pytest

from xbar_circuit._files import replacing, write_json, write_text


def test_interrupted_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "result.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:  # noqa: PT012  two steps
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


def test_json_takes_numpy_and_refuses_nan(tmp_path):
    path = tmp_path / "deep" / "a.json"
    write_json(path, {"a": np.float64(1.5), "b": np.arange(3), "c": path.parent})
    assert json.loads(path.read_text())["b"] == [0, 1, 2]
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text())["a"] == 1.5

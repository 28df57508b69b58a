"""A folder from somebody else runs nothing that was not asked for by name."""

import subprocess
import sys
from pathlib import Path

import pytest

import xbar_circuit as xc
from xbar_circuit import _user_modules as user_modules
from xbar_circuit import cli
from xbar_circuit.studies.network.point import check_network
from xbar_circuit.studies.sweep._functions import find_function
from xbar_circuit.studies.sweep.plan import sweep_plan_from_dictionary

MINE = """
import my_helper
def half(rng, x):
    import my_late_helper
    return {"y": my_helper.FACTOR * x * my_late_helper.ONE}
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """Leave neither folders nor modules to the next test."""
    before = set(sys.modules)
    monkeypatch.setattr(user_modules._FINDER, "folders", [])
    monkeypatch.setattr(user_modules._FINDER, "names", set())
    monkeypatch.setattr(user_modules._FINDER, "allowed", set())
    yield
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


def mark(folder, *names):
    """Write modules that would leave a mark if they ran."""
    for name in names:
        (folder / f"{name}.py").write_text(
            f"from pathlib import Path\nPath({str(folder / 'ran')!r}).write_text({name!r})\n"
        )
    return folder / "ran"


# modules that the package or Python imports on the way, installed or not
TRAPS = (
    *("h5netcdf", "xarray", "onnx", "torch", "dask", "distributed", "numba", "cupy", "tomllib"),
    *("numpy", "random", "multiprocessing", "pickle", "tempfile", "array_api_compat", "PySpice"),
    *("pandas", "cftime", "netCDF4", "sitecustomize_", "psutil"),
)


def xbar(*words, cwd):
    """Run the command as it is installed: no folder before the packages."""
    code = "import sys; from xbar_circuit.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )


def test_nothing_beside_a_study_runs(tmp_path):
    ran = mark(tmp_path, *TRAPS)
    study = tmp_path / "study.toml"
    study.write_text(
        '[study]\nfunction = "ir_drop"\n[parameters]\nrows = 4\n[grid]\ncols = [2, 3]\n'
    )
    done = xbar("sweep", study, "--workers", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not ran.exists(), ran.read_text()


def test_nothing_in_the_current_folder_runs(tmp_path):
    ran = mark(tmp_path, *TRAPS)
    done = xbar("mapping", "lenet5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    deck = "import xbar_circuit as xc; xc.spice.run('t\\nV1 a 0 1\\nR1 a 0 1', xc.spice.Op())"
    subprocess.run([sys.executable, "-P", "-c", deck], check=True, cwd=tmp_path)
    assert not ran.exists(), ran.read_text()


def test_a_study_of_ones_own_runs_with_what_it_imports(tmp_path):
    (tmp_path / "my_study.py").write_text(MINE)
    (tmp_path / "my_helper.py").write_text("FACTOR = 0.5\n")
    (tmp_path / "my_late_helper.py").write_text("ONE = 1.0\n")
    ran = mark(tmp_path, "h5netcdf", "xarray")
    study = tmp_path / "mine.toml"
    study.write_text('[study]\nfunction = "my_study:half"\n[grid]\nx = [1.0, 3.0]\n')
    done = xbar("sweep", study, "--workers", "2", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out/results.csv").read_text().splitlines()
    head, *rows = [line.split(",") for line in lines if not line.startswith("#")]
    assert [float(row[head.index("y")]) for row in rows] == [0.5, 1.5]
    assert not ran.exists()


@pytest.mark.parametrize(
    "function",
    [
        *("logging:basicConfig", "IPython:start_ipython", "os:system", "shutil:rmtree", "sys:exit"),
        *("builtins:exec", "numpy:save", "xbar_circuit._files:write_text", "runpy:run_path"),
        *("importlib:import_module", "subprocess:call", "pytest:main"),
    ],
)
def test_functions_of_installed_modules_are_refused(function):
    with pytest.raises((xc.ParameterError, xc.ModelFileError), match=r"--allow|import fails"):
        sweep_plan_from_dictionary({"study": {"function": function}, "grid": {"x": [1]}})
    if "." not in function:  # with a dot it is taken for a file
        with pytest.raises((xc.ParameterError, xc.ModelFileError), match=r"--allow|import fails"):
            check_network(function)


def test_allowed_modules_may_be_named(tmp_path):
    user_modules.allow(["statistics"])
    import statistics

    assert find_function("statistics:mean") is statistics.mean
    with pytest.raises(xc.ParameterError, match="--allow logging"):
        find_function("logging:basicConfig")


def test_the_command_allows_by_name(tmp_path, capsys):
    study = tmp_path / "s.toml"
    study.write_text('[study]\nfunction = "statistics:mean"\n[grid]\ndata = [[1.0]]\n')
    with pytest.raises(SystemExit) as leaving:
        cli.main(["sweep", str(study), "--out", str(tmp_path / "out")])
    assert leaving.value.code == 2
    assert "--allow statistics" in capsys.readouterr().err.replace("\n", " ")
    with pytest.raises(SystemExit) as leaving:
        cli.main(["sweep", str(study), "--out", str(tmp_path / "out"), "--allow", "statistics"])
    assert leaving.value.code != 0
    assert "--allow" not in capsys.readouterr().err  # it takes no rng, which is another matter


def test_a_file_called_like_an_installed_module_is_named(tmp_path):
    mark(tmp_path, "scipy")
    user_modules.look_in(tmp_path)
    with pytest.raises(xc.ModelFileError, match="rename the file"):
        find_function("scipy:show_config")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name",
    ["/tmp/x", "../x", "..", ".", ".hidden", "a/b", "a\\b", "", "x" * 101, "[/foo]", 7, ["a"]],
)
def test_a_name_leads_nowhere_else(name):
    content = {"study": {"function": "ir_drop", "name": name}, "grid": {"rows": [1]}}
    with pytest.raises(xc.ParameterError, match=r"study\.name"):
        sweep_plan_from_dictionary(content)


@pytest.mark.parametrize("name", ["IR drop, 2 x 2", "a_b-c.d", "\u00dcbersicht", "x" * 100])
def test_a_plain_name_is_taken(name):
    content = {"study": {"function": "ir_drop", "name": name}, "grid": {"rows": [1]}}
    assert sweep_plan_from_dictionary(content).name == name
    assert (Path("out") / name).parent == Path("out")


@pytest.mark.parametrize("seeds", [10**12, 10**20, 1e12, 0, -1, True, "5"])
def test_too_many_seeds_are_refused_at_once(seeds):
    content = {"study": {"function": "ir_drop", "seeds": seeds}, "grid": {"rows": [1]}}
    with pytest.raises(xc.ParameterError, match=r"study\.seeds"):
        sweep_plan_from_dictionary(content)


def test_too_many_points_are_refused_before_they_are_spelled_out():
    axis = list(range(1, 500))
    grid = {"rows": axis, "cols": axis, "vectors": axis}
    with pytest.raises(xc.ParameterError, match="grid and seeds: got 124251499"):
        sweep_plan_from_dictionary({"study": {"function": "ir_drop"}, "grid": grid})

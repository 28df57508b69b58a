"""libngspice is found wherever a distribution puts it."""

import shutil

import numpy as np
import psutil
import pytest

import xbar_circuit as xc
from xbar_circuit.spice import _client as client
from xbar_circuit.spice import locate, locating


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine with no library anywhere but below a temporary root."""
    for variable in ("NGSPICE_LIBRARY_PATH", "CONDA_PREFIX", "HOMEBREW_PREFIX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(locating, "_PROJECT_PREFIX", tmp_path / "project" / ".ngspice")
    monkeypatch.setattr(locating.sys, "prefix", str(tmp_path / "python"))
    monkeypatch.setattr(locating, "_SYSTEM_PREFIXES", (str(tmp_path / "usr"),))
    monkeypatch.setattr(locating, "_HOMEBREW_PREFIXES", (str(tmp_path / "brew"),))
    monkeypatch.setattr(locating.sysconfig, "get_config_var", lambda _: "x86_64-linux-gnu")
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    monkeypatch.setenv("DYLD_LIBRARY_PATH", "")
    return tmp_path


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("where", "origin"),
    [
        ("usr/lib/x86_64-linux-gnu/libngspice.so.0", "the system"),  # Debian, Ubuntu
        ("usr/lib64/libngspice.so.0", "the system"),  # Fedora
        ("usr/lib/libngspice.so", "the system"),
        ("python/lib/libngspice.so", "the Python environment"),  # conda, not activated
        ("python/lib/libngspice.dylib", "the Python environment"),
        ("brew/lib/libngspice.dylib", "Homebrew"),
        ("brew/opt/libngspice/lib/libngspice.0.dylib", "Homebrew"),
        (
            "project/.ngspice/usr/lib/x86_64-linux-gnu/libngspice.so.0",
            "the project's .ngspice/",
        ),
    ],
)
def test_places(bare, where, origin):
    library = put(bare / where)
    found = locate()
    assert (found.library, found.origin, found.scripts) == (library, origin, None)


def test_the_named_one_comes_first_and_must_be_there(bare, monkeypatch):
    put(bare / "usr/lib/libngspice.so")
    named = put(bare / "elsewhere/ngspice.so")
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(named))
    assert locate().library == named
    named.unlink()
    with pytest.raises(xc.SimulatorNotFoundError, match="NGSPICE_LIBRARY_PATH"):
        locate()


@pytest.mark.parametrize("library", [__file__, np._core._multiarray_umath.__file__])
def test_a_library_that_is_not_ngspice_is_refused(monkeypatch, library):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", library)
    with pytest.raises(xc.SimulatorNotFoundError, match=r"does not load.*install it"):
        xc.spice.simulator()


def test_a_verilog_a_model_that_does_not_load_is_a_model_file_error():
    with pytest.raises(xc.ModelFileError, match=r"osdi: got .*test_locate.py"):
        xc.spice.run("t\nR1 a 0 1", xc.spice.Op(), osdi=[__file__])


def test_order(bare, monkeypatch):
    system = put(bare / "usr/lib/libngspice.so")
    conda = put(bare / "conda/lib/libngspice.so")
    project = put(bare / "project/.ngspice/usr/lib/libngspice.so.0")
    monkeypatch.setenv("CONDA_PREFIX", str(bare / "conda"))
    assert [one.library for one in locating.candidates()] == [project, conda, system]


def test_an_unpacked_prefix_brings_its_start_up_script(bare):
    put(bare / "project/.ngspice/usr/lib/x86_64-linux-gnu/libngspice.so.0")
    put(bare / "project/.ngspice/xbar-scripts/spinit")
    assert locate().scripts == bare / "project/.ngspice/xbar-scripts"


def test_none_says_how_to_install_one(bare):
    with pytest.raises(xc.SimulatorNotFoundError, match=r"(?s)make setup.*conda.*brew"):
        locate()


def test_an_unpacked_prefix_works_with_the_libraries_beside_it(tmp_path, monkeypatch):
    """Without root, what ngspice needs of the machine is unpacked into the same folder."""
    real = locate().library.resolve()
    library = tmp_path / ".ngspice/usr/lib/libngspice.so.0"
    library.parent.mkdir(parents=True)
    shutil.copy(real, library)
    scripts = tmp_path / ".ngspice/xbar-scripts"
    scripts.mkdir()
    (scripts / "spinit").write_text("* none\n")
    monkeypatch.delenv("NGSPICE_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(locating, "_PROJECT_PREFIX", tmp_path / ".ngspice")
    client.WORKERS.close()
    simulator = xc.spice.simulator()
    assert simulator.installation.library == library
    assert not simulator.code_models  # it is this spinit that was read
    (worker,) = client.WORKERS._warm.values()
    environment = psutil.Process(worker.pid).environ()
    client.WORKERS.close()
    assert environment["LD_LIBRARY_PATH"].split(":")[0] == str(library.parent)
    assert environment["SPICE_SCRIPTS"] == str(scripts)

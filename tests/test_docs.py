"""What the documentation shows works as it stands there."""

import re
import shutil
import tomllib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import xbar_circuit as xc
from onnx_graphs import content_of, floats, node
from xbar_circuit import cli, resources
from xbar_circuit.studies.sweep.plan import read_sweep_plan
from xbar_circuit.tile import CHAINS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(
    p for p in DOCS.rglob("*.md") if "notebooks" not in p.parts and "_build" not in p.parts
)
PAGES = [p for p in PAGES if p.name not in {"api.md", "command_line.md"}]
RUN = [
    p
    for p in PAGES
    if (p.parent.name != "howto" or p.name == "own_cell.md") and "```python" in p.read_text("utf-8")
]


def name(path):
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    shutil.copytree(DOCS / "examples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    scope = {"__name__": "__main__"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{name(page)}, block {number}", "exec"), scope)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_verbs_and_options_exist(page):
    verbs = cli._Verbs()
    for line in re.findall(r"xbar [a-z][^`\n]*", page.read_text("utf-8").replace("\\\n", " ")):
        words = line.split("#")[0].split()
        command = verbs.get_command(None, words[1])
        assert command is not None, line
        known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
        if getattr(command, "commands", None):
            continue
        unknown = {w for w in words[2:] if w.startswith("--")} - known - {"--help"}
        assert not unknown, line


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_that_are_linked_exist(page):
    text = page.read_text("utf-8")
    links = re.findall(r"\{doc\}`([^`]+)`", text) + re.findall(r":link: (\S+)", text)
    toctrees = re.findall(r"```\{toctree\}\n(.*?)```", text, re.DOTALL)
    links += [line for tree in toctrees for line in tree.split("\n") if line and line[0] != ":"]
    generated = {"reference/api", "reference/command_line"}
    for link in links:
        target = (page.parent / link).with_suffix(".md")
        notebook = DOCS.parent / "notebooks" / f"{Path(link).name}.ipynb"
        assert link in generated or target.is_file() or notebook.is_file(), link


@pytest.mark.parametrize(("page", "number"), [("own_network", 0), ("temperature", 0)])
def test_a_block_of_a_how_to_runs_on_what_the_text_before_it_names(page, number):
    test, calibration = (
        getattr(xc.network, f"fashion_mnist_{name}")().first(4) for name in ("test", "calibration")
    )
    scope = {
        "xc": xc,
        "np": np,
        "peripherals": xc.peripherals,
        "accelerator": xc.Accelerator(),
        "readout": xc.Accelerator().readout,
        "network": xc.network.fashion_mnist_lenet5(),
        "training_images": calibration.images,
        "images": test.images,
        "labels": test.classes,
        "rng": np.random.default_rng(1),
    }
    text = (DOCS / "howto" / f"{page}.md").read_text("utf-8")
    block = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[number]
    exec(compile(block, page, "exec"), scope)
    assert scope["chip"].second == 0.0


def block_of(page, words):
    """The block of a how-to that contains these words."""
    text = (DOCS / "howto" / f"{page}.md").read_text("utf-8")
    (found,) = (b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if words in b)
    return compile(found, page, "exec")


def test_each_picture_of_the_gallery_is_made_by_a_command_above_it():
    text = (DOCS / "gallery.md").read_text("utf-8")
    sections = text.split("\n## ")[1:]
    assert len(sections) >= 8
    for section in sections:
        (command,) = re.findall(r"```sh\n(xbar .*?)\n```", section, re.DOTALL)
        folder = command.split("--out ")[1].split()[0]
        pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", section)
        assert pictures
        assert all(picture.startswith(f"{folder}/") for picture in pictures)


def test_the_example_array_of_the_gallery_is_read(tmp_path):
    words = ["read", str(DOCS / "examples/conductance.csv"), "--row-ohm", "1", "--column-ohm", "2"]
    with pytest.raises(SystemExit) as end:
        cli.main([*words, "--volts", str(DOCS / "examples/volts.csv"), "--out", str(tmp_path)])
    assert end.value.code in {0, None}
    found = np.loadtxt(tmp_path / "column_current.csv", delimiter=",", skiprows=1)
    xbar = xc.Crossbar(
        conductance=np.loadtxt(DOCS / "examples/conductance.csv", delimiter=","),
        wires=xc.Wires(row_ohm=1.0, column_ohm=2.0),
    )
    volts = np.loadtxt(DOCS / "examples/volts.csv", delimiter=",")
    current = found[:, 2].reshape(8, 32)
    np.testing.assert_allclose(current, xc.nodal.read(xbar, volts).column_current, rtol=1e-12)


def test_the_example_settings_of_the_gallery_have_published_statistics():
    settings = xc.accelerator.read_settings(DOCS / "examples/pcm.toml")
    assert settings.seconds == (25.0, 86400.0, 2592000.0, 31536000.0)
    assert settings.accelerator.statistics == xc.devices.PcmStatistics.joshi2020()


def toml_blocks():
    for page in PAGES:
        found = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        yield from (pytest.param(block, id=f"{name(page)}-{k}") for k, block in enumerate(found))


@pytest.mark.parametrize("block", list(toml_blocks()))
def test_a_file_that_a_page_shows_is_read(block, tmp_path):
    shutil.copytree(DOCS / "examples", tmp_path, dirs_exist_ok=True)
    (tmp_path / "sigma.csv").write_text("0,0.02\n0.5,0.04\n1,0.03\n")
    (tmp_path / "my_cards.lib").write_text(
        resources.device_model("cmos45.lib").read_text("utf-8"), "utf-8"
    )
    path = tmp_path / "shown.toml"
    path.write_text(block, encoding="utf-8")
    tables = set(tomllib.loads(block))
    if "study" in tables:
        plan = read_sweep_plan(path)
        assert plan.function_name == "ir_drop"
        assert plan.fixed == {"cols": 64}
    elif tables & {"accelerator", "accelerators", "run", "pcm", "layers"}:
        assert xc.accelerator.read_settings(path).accelerator.rows == 128
    else:
        assert xc.cells.load_cell(path)


def test_the_block_that_imports_settings_prints_what_it_says(capsys):
    exec(block_of("import_settings", "from_crosssim"), {})
    ohm, left = capsys.readouterr().out.splitlines()
    assert float(ohm) == 2.0
    assert left == "{'xbar.array.Icol_max': 1000000.0}"


class Cell(torch.nn.Module):
    """A recurrent layer with the inputs and outputs of the speech network, small."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first = torch.nn.Linear(576, 128)
        self.both = torch.nn.Linear(256, 128)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = torch.tanh(self.both(torch.cat([self.first(x), state[0]], dim=1)))
        return torch.sigmoid(hidden[:, :1]), torch.stack([hidden, hidden])


class Speech(torch.nn.Module):
    """A file of a network whose part takes and returns the state."""

    def __init__(self):
        super().__init__()
        self._model = Cell()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self._model(x, torch.zeros(2, 1, 128))[0]


def test_the_speech_block_hands_the_state_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.jit.script(Speech()).save("silero_vad.jit")
    rng = np.random.default_rng(1)
    frames, states = rng.normal(size=(3, 1, 576)), rng.normal(size=(3, 2, 1, 128))
    scope = {
        "xc": xc,
        "accelerator": xc.Accelerator(),
        "rng": rng,
        "samples": frames[0].astype(np.float32),
        "state": states[0].astype(np.float32),
        "frames": frames.astype(np.float32),
        "states": states.astype(np.float32),
    }
    exec(block_of("own_network", "silero_vad"), scope)
    assert scope["state"].shape == (2, 1, 128)
    assert 0.0 < float(scope["probability"].item()) < 1.0
    assert scope["chip"].second == 0.0


def test_the_speech_block_of_an_onnx_file_hands_the_state_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    inputs = {"input": (1, 576), "state": (1, 128), "sr:i": ()}
    nodes = [
        node("Cast", ["sr"], "rate", to=1),
        node("Div", ["input", "rate"], "scaled"),
        node("MatMul", ["scaled", "first"], "seen"),
        node("Add", ["seen", "state"], "sum"),
        node("Tanh", ["sum"], "next"),
        node("MatMul", ["next", "last"], "probability"),
    ]
    weights = {"first": floats(576, 128), "last": floats(128, 1)}
    content = content_of(nodes, weights, inputs, ("probability", "next"))
    (tmp_path / "speech.onnx").write_bytes(content)
    samples = rng.normal(size=(1, 576)).astype(np.float32)
    before = rng.normal(size=(1, 128)).astype(np.float32)
    scope = {"xc": xc, "samples": samples, "state": before}
    exec(block_of("own_network", "speech.onnx"), scope)
    after = np.tanh(samples / 16000 @ weights["first"] + before)
    np.testing.assert_allclose(scope["state"], after, rtol=1e-5)
    np.testing.assert_allclose(scope["probability"], after @ weights["last"], rtol=1e-4)


def test_the_block_that_calibrates_a_read_out_runs(monkeypatch):
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    quick = partial(xc.accelerator.calibrate_readout, samples=8, held_out=2)
    monkeypatch.setattr(xc.accelerator, "calibrate_readout", quick)
    network = xc.network.from_torch(torch.nn.Linear(12, 3), (12,))
    images = rng.uniform(size=(8, 12)).astype(np.float32)
    scope = {
        "xc": xc,
        "np": np,
        "readout": CHAINS["sar"](bits=8)[0],
        "network": network,
        "training_images": images,
        "images": images,
        "labels": network.run(images)[0].argmax(axis=1),
    }
    exec(block_of("compare_readouts", "calibrate_readout"), scope)
    assert scope["accelerator"].model.held_out.codes == 2
    assert scope["chip"].accuracy(images, scope["labels"]) >= 0.75

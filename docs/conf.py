"""How the documentation site is built: ``make docs``."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from inspect import ismodule
from inspect import signature as inspect_signature
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from typer.main import get_command

from xbar_circuit import __version__, cli
from xbar_circuit.accelerator._reference import reference_page
from xbar_circuit.studies.sweep.plan import study_page

HERE = Path(__file__).parent

project = "xbar_circuit"
author = "the xbar_circuit developers"
copyright = author  # noqa: A001  the name that Sphinx reads
release = version = __version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "jupyter_execute", "examples", "gallery"]

html_theme = "furo"
html_title = f"xbar_circuit {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = os.environ.get("XBAR_DOCS_NOTEBOOKS", "cache")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings name units and shapes, which types cannot
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
suppress_warnings = ["autosummary.import_cycle", "mystnb.unknown_mime_type"]


def _write_if_new(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _copy_notebooks() -> None:
    folder = HERE / "notebooks"
    folder.mkdir(exist_ok=True)
    for source in (HERE.parent / "notebooks").glob("*.ipynb"):
        shutil.copyfile(source, folder / source.name)


def _draw_gallery() -> None:
    """Run the commands of the gallery whose pictures are missing or of another command."""
    page = (HERE / "gallery.md").read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(xbar .*?)\n```", page, re.DOTALL):
        words = shlex.split(block.replace("\\\n", " "))[1:]
        stamp = HERE / words[words.index("--out") + 1] / "made_by.txt"
        made_by = f"{version}: {block}"
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_by:
            continue
        command = [sys.executable, "-m", "xbar_circuit", "--quiet", *words]
        subprocess.run(command, check=True, cwd=HERE)
        stamp.write_text(made_by, encoding="utf-8")


def _write_command_line() -> None:
    """Write the reference of every verb from its own help text."""
    lines = ["# Command line", "", "What `xbar VERB --help` says, for every verb.", ""]
    environment = os.environ | {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    tree = get_command(cli.app)
    for verb in cli.verbs():
        parts = getattr(tree.get_command(None, verb), "commands", {})  # type: ignore[attr-defined]
        for words in ([verb], *([verb, part] for part in parts)):
            done = subprocess.run(
                [sys.executable, "-m", "xbar_circuit", *words, "--help"],
                capture_output=True,
                text=True,
                check=True,
                env=environment,
            )
            name = " ".join(["xbar", *words])
            lines += [f"## {name}", "", "```text", done.stdout.strip(), "```", ""]
    _write_if_new(HERE / "reference" / "command_line.md", "\n".join(lines))


_FACES = (
    "",
    "nodal",
    "spice",
    "netlist",
    "devices",
    "cells",
    "peripherals",
    "tile",
    "calibration",
    "network",
    "accelerator",
    "programming",
    "architecture",
    "studies",
    "plots",
)


def _write_python() -> None:
    """List what every package offers; each name gets a page of its own from its docstring."""
    lines = [
        "# Python",
        "",
        "Everything that a user needs is in `xbar_circuit` and in these packages.",
        "",
    ]
    listed: list[Any] = []
    for face in _FACES:
        name = f"xbar_circuit.{face}".rstrip(".")
        module = import_module(name)
        title, _, _ = (module.__doc__ or name).partition("\n")
        public = [n for n in module.__all__ if not ismodule(getattr(module, n)) and n[0] != "_"]
        public = [n for n in public if getattr(module, n) not in listed]  # one page for each
        listed += [getattr(module, n) for n in public]
        lines += [f"## {name}", "", title, "", "```{eval-rst}", f".. currentmodule:: {name}", ""]
        lines += [".. autosummary::", "   :toctree: api", "   :nosignatures:", ""]
        lines += [*(f"   {n}" for n in sorted(public, key=str.lower)), "```", ""]
    _write_if_new(HERE / "reference" / "api.md", "\n".join(lines))


_LONG_SIGNATURE, _LONG_DEFAULT = 160, 40  # characters
_FIELD = re.compile(r"([a-z]\w*(?:, [a-z]\w*)*) : (.*)")


def _list_fields(*arguments: Any) -> None:
    """Turn the lines ``name : meaning`` of a data class's docstring into a definition list."""
    lines: list[str] = arguments[-1]
    section = next((k for k in range(1, len(lines)) if set(lines[k].strip()) == {"-"}), None)
    end = len(lines) if section is None else section - 1
    made: list[str] = []
    for line in lines[:end]:
        found = _FIELD.fullmatch(line)
        if found is None:
            made.append(line)
            continue
        if made and made[-1].strip() and not made[-1].startswith(" "):
            made.append("")
        names = ", ".join(f"``{name}``" for name in found[1].split(", "))
        made += [names, f"    {found[2]}"]
    lines[:end] = made


def _head_examples(*arguments: Any) -> None:
    """Put examples that end another section, such as Raises, under a heading of their own."""
    lines: list[str] = arguments[-1]
    first = next((k for k, line in enumerate(lines) if line.startswith(">>>")), None)
    sections = [k for k, line in enumerate(lines) if line.strip("-") == "" and len(line) > 2]
    if first is not None and any(k < first for k in sections) and "Examples" not in lines:
        lines[first:first] = ["Examples", "--------"]


def _short_signature(*arguments: Any) -> tuple[str, str] | None:
    """Leave long defaults, such as a whole part, out of a signature."""
    signature, returns = arguments[-2:]
    one = arguments[3]
    if signature is None or len(signature) < _LONG_SIGNATURE or not callable(one):
        return None
    try:
        parameters = inspect_signature(one).parameters.values()
    except (TypeError, ValueError):
        return None
    words: list[str] = []
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        default = "..." if len(repr(each.default)) > _LONG_DEFAULT else repr(each.default)
        words.append(each.name if each.default is each.empty else f"{each.name}={default}")
    return f"({', '.join(word.replace('<factory>', '...') for word in words)})", returns


def _math(node: Any, display: str) -> str:
    """Return a formula as MathML, which browsers render by themselves: nothing is fetched."""
    return convert(node.astext(), display=display)


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(_math(node, "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: Any) -> None:
    writer.body.append(f"<div class='math'>{_math(node, 'block')}</div>")
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Tell Sphinx how formulas and lists of fields become HTML."""
    app.connect("autodoc-process-docstring", _list_fields, priority=100)  # before numpydoc
    app.connect("autodoc-process-docstring", _head_examples, priority=101)
    app.connect("autodoc-process-signature", _short_signature)
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


html_math_renderer = "mathml"


def _write_files() -> None:
    """Write the reference of the TOML files from the schema that checks them."""
    _write_if_new(HERE / "reference" / "accelerator_file.md", reference_page())
    _write_if_new(HERE / "reference" / "study_file.md", study_page())


_copy_notebooks()
_draw_gallery()
_write_files()
_write_command_line()
_write_python()

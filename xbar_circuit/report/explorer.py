"""The page of ``xbar explore``: controls, maps and losses that follow them, in a browser.

A Bokeh server on this machine; each control's change is one read in the fast engine. Nothing is
fetched from elsewhere: Bokeh serves its own scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment

from xbar_circuit.errors import XbarError
from xbar_circuit.studies.array.exploration import (
    CELLS,
    INPUTS,
    PATTERNS,
    Exploration,
    ExplorationSetting,
    explore,
)
from xbar_circuit.units import engineering

__all__ = ["build", "serve"]

_TITLE = "xbar explore"
#: Around the page: a phone shows it at its own width, a dark desktop on a dark ground.
_TEMPLATE = """
{% extends base %}
{% block preamble %}
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; background: #fff; color: #1c2530; font-family: Arial, sans-serif; }
  @media (prefers-color-scheme: dark) { body { background: #11181f; color: #e3e9ee; } }
</style>
{% endblock %}
"""
#: Of the controls, which are out of the reach of the page's own style.
_CONTROL_STYLE = """
@media (prefers-color-scheme: dark) {
  :host { color: #e3e9ee; }
  select.bk-input { background-color: #1b2530 !important; color: #e3e9ee !important;
    background-image: none !important; appearance: auto !important; color-scheme: dark; }
  .noUi-target { background: #33414d; border-color: #33414d; }
  .noUi-connect { background: #56b4e9; }
}
"""
_WRAPPED = {"flex-wrap": "wrap"}  # panels go below one another where the page is narrow
_PANEL = {"width": 390, "height": 300, "toolbar_location": None}


def serve(*, port: int, show: bool, ready: Callable[[str], None]) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    port
        On 127.0.0.1; 0 takes a free one.
    show
        Whether to open the browser.
    ready
        Called with the address once the page can be opened.

    Raises
    ------
    XbarError
        Bokeh is not installed.
    OSError
        The port is taken.
    """
    bokeh = _bokeh()
    server = bokeh.server.server.Server(
        {"/": build}, address="127.0.0.1", port=port, allow_websocket_origin=None
    )
    address = f"http://127.0.0.1:{server.port}/"
    server.start()
    ready(address)
    if show:
        server.io_loop.add_callback(server.show, "/")
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        server.stop()


def build(document: Any) -> None:
    """Fill a Bokeh document with the controls and the figures."""
    bokeh = _bokeh()
    models, layouts = bokeh.models, bokeh.layouts
    controls = _controls(models)
    maps = [
        _Map(bokeh, "Conductance", "uS", 1e6),
        _Map(bokeh, "Voltage lost on wires", "mV", 1e3),
        _Map(bokeh, "Device current", "uA", 1e6),
    ]
    columns = models.ColumnDataSource({"column": [], "error": []})
    bars = bokeh.plotting.figure(
        title="Error of each column's current",
        x_axis_label="bit line (column)",
        y_axis_label="error against ideal wires [%]",
        **_PANEL,
    )
    bars.vbar(x="column", top="error", width=0.9, source=columns, color="#0072B2")
    numbers = models.Div(
        name="numbers",
        styles={"font-size": "1.1rem", "padding": "0 16px"},
        stylesheets=[_CONTROL_STYLE],
        sizing_mode="stretch_width",
    )

    def update(attr: str, old: object, new: object) -> None:  # noqa: ARG001  Bokeh asks for these
        try:
            found = explore(_setting(controls))
        except XbarError as error:
            numbers.text = f"<b>{type(error).__name__}</b>: {error}"
            return
        for one, field in zip(maps, _fields(found), strict=True):
            one.show(field)
        columns.data = {
            "column": list(range(len(found.column_error))),
            "error": [100.0 * float(value) for value in found.column_error],
        }
        numbers.text = (
            f"Mean loss <b>{100 * found.mean_loss:.2f} %</b>, worst column"
            f" <b>{100 * found.worst_error:+.2f} %</b>, largest device current"
            f" <b>{engineering(float(abs(found.device_current).max()), 'A')}</b>"
        )

    for name, control in controls.items():
        sliding = hasattr(control, "value_throttled")
        trigger = "value_throttled" if sliding else "active" if name == "ends" else "value"
        control.on_change(trigger, update)
    update("", None, None)
    side = layouts.column(*controls.values(), width=270, margin=(8, 24, 8, 16))
    panels = layouts.row(
        *(one.page for one in maps), bars, styles=_WRAPPED, sizing_mode="stretch_width"
    )
    beside = layouts.column(
        numbers, panels, styles={"flex": "1 1 390px"}, sizing_mode="stretch_width"
    )
    document.add_root(layouts.row(side, beside, styles=_WRAPPED, sizing_mode="stretch_width"))
    document.title = _TITLE
    document.template = Environment(autoescape=True).from_string(_TEMPLATE)


class _Map:
    """One map of the array with its colour bar."""

    def __init__(self, bokeh: Any, title: str, unit: str, scale: float) -> None:
        self.source = bokeh.models.ColumnDataSource({"image": [], "dw": [], "dh": []})
        self.mapper = bokeh.models.LinearColorMapper(palette="Viridis256")
        self.scale = scale
        self.page = bokeh.plotting.figure(
            title=f"{title} [{unit}]",
            x_axis_label="bit line (column)",
            y_axis_label="word line (row)",
            **_PANEL,
            x_range=bokeh.models.DataRange1d(range_padding=0.0),
            y_range=bokeh.models.DataRange1d(range_padding=0.0, flipped=True),
        )
        self.page.image(
            image="image", x=0, y=0, dw="dw", dh="dh", source=self.source, color_mapper=self.mapper
        )
        bar = bokeh.models.ColorBar(color_mapper=self.mapper, label_standoff=8)
        self.page.add_layout(bar, "right")

    def show(self, values: Any) -> None:
        """Show (rows, cols) in SI units."""
        shown = self.scale * values
        rows, cols = shown.shape
        low, high = float(shown.min()), float(shown.max())
        self.mapper.update(low=low, high=high if high > low else low + 1.0)
        self.source.data = {"image": [shown], "dw": [cols], "dh": [rows]}


def _fields(found: Exploration) -> tuple[Any, Any, Any]:
    return found.conductance, found.lost_volt, found.device_current


def _controls(models: Any) -> dict[str, Any]:
    """Return the controls by name, set to the default setting."""
    start = ExplorationSetting()

    def slider(title: str, value: float, low: float, high: float, step: float) -> Any:
        return models.Slider(title=title, value=value, start=low, end=high, step=step)

    controls = {
        "rows": slider("word lines", start.rows, 1, 128, 1),
        "cols": slider("bit lines", start.cols, 1, 128, 1),
        "row_ohm": slider("word-line resistance per segment [ohm]", start.row_ohm, 0, 50, 0.1),
        "column_ohm": slider("bit-line resistance per segment [ohm]", start.column_ohm, 0, 50, 0.1),
        "range": models.RangeSlider(
            title="conductances [uS]",
            value=(1e6 * start.g_min_siemens, 1e6 * start.g_max_siemens),
            start=0.0,
            end=200.0,
            step=0.5,
        ),
        "read_volt": slider("largest input [V]", start.read_volt, 0.01, 0.5, 0.01),
        "cell": models.Select(title="devices", value=start.cell, options=list(CELLS)),
        "pattern": models.Select(title="pattern", value=start.pattern, options=list(PATTERNS)),
        "inputs": models.Select(title="inputs", value=start.inputs, options=list(INPUTS)),
        "ends": models.CheckboxGroup(
            labels=["drive word lines at both ends", "sense bit lines at both ends"], active=[]
        ),
    }
    for control in controls.values():
        control.stylesheets = [_CONTROL_STYLE]
    return controls


def _setting(controls: dict[str, Any]) -> ExplorationSetting:
    low, high = controls["range"].value
    return ExplorationSetting(
        rows=int(controls["rows"].value),
        cols=int(controls["cols"].value),
        row_ohm=float(controls["row_ohm"].value),
        column_ohm=float(controls["column_ohm"].value),
        g_min_siemens=1e-6 * float(low),
        g_max_siemens=1e-6 * max(float(high), 1e-3),
        read_volt=float(controls["read_volt"].value),
        cell=controls["cell"].value,
        pattern=controls["pattern"].value,
        inputs=controls["inputs"].value,
        right=0 in controls["ends"].active,
        top=1 in controls["ends"].active,
    )


def _bokeh() -> Any:
    try:
        import bokeh  # noqa: PLC0415  optional
        import bokeh.layouts  # noqa: PLC0415
        import bokeh.models  # noqa: PLC0415
        import bokeh.plotting  # noqa: PLC0415
        import bokeh.server.server  # noqa: PLC0415
    except ImportError as error:
        raise XbarError(
            f"bokeh: got {error}, expected an installed package;"
            " pip install 'xbar_circuit[explore]'"
        ) from error
    return bokeh

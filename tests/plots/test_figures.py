"""Every figure that a test writes is looked at (tests/conftest.py): here, that the look sees."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from figure_faults import figure_faults
from IPython.core.formatters import DisplayFormatter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from closeness import approx
from xbar_circuit.network.intervals import proportion
from xbar_circuit.plots import amplifiers, decimal_ticks, figure, save
from xbar_circuit.plots._confidence import percent_bars, within_percent
from xbar_circuit.plots.style import whole_ticks
from xbar_circuit.plots.thumbnail import thumbnail


def drawn(page):
    FigureCanvasAgg(page).draw()
    return figure_faults(page)


def test_an_axis_says_its_quantity():
    with figure(1, 2) as (page, (left, right)):
        left.plot([1, 2], [1, 2])
        left.set_xlabel("time [s]")
        right.plot([1, 2], [1, 2])
        right.set(xlabel="time [s]", ylabel="ohm")
        words = drawn(page)
    assert len(words) == 2
    assert "the y axis says no quantity" in words[0]
    assert "'ohm', a unit without a quantity" in words[1]


def test_a_constant_is_drawn_as_one_and_not_its_rounding():
    rng = np.random.default_rng(0)
    blur = 1.0 + 1e-15 * rng.standard_normal(30)
    report = SimpleNamespace(
        hertz=np.geomspace(2e3, 2e10, 30),
        input_impedance=20.0 * blur,
        full_scale_ampere=5e-5,
        common_volt=np.linspace(0.3, 0.7, 30),
        common_offset_volt=1e-15 * rng.standard_normal(30),
        common_gain_ohm=4e3 * blur,
        gain_ohm=4e3,
        gain_error=0.0,
        supply_gain={"vdd": np.full(30, 1e-15)},
    )
    with figure(1, 3) as (page, (impedance, common, supplies)):
        amplifiers._input(report, impedance)
        amplifiers._common_mode(report, common)
        amplifiers._rejection(report, supplies)
        assert impedance.get_ylim() == approx((2.0, 200.0))
        assert common.get_ylim() == approx((-0.1, 0.1))
        assert supplies.get_ylim()[0] == 0.0
        assert drawn(page) == []


def test_a_colour_bar_says_its_quantity():
    with figure() as (page, (axes,)):
        axes.set(xlabel="bit line", ylabel="word line")
        page.colorbar(axes.imshow(np.eye(3)), ax=axes, label="uS")
        whole_ticks(axes.xaxis, axes.yaxis)
        assert ["'uS', a unit without" in word for word in drawn(page)] == [True]


def test_a_map_counts_its_cells_in_whole_numbers():
    with figure() as (page, (axes,)):
        axes.set(xlabel="bit line", ylabel="word line")
        axes.imshow(np.eye(2))
        assert ["counts cells in fractions" in word for word in drawn(page)] == [True, True]
        whole_ticks(axes.xaxis, axes.yaxis)
        assert drawn(page) == []


def test_one_dot_and_an_offset_are_seen():
    with figure(1, 2) as (page, (left, right)):
        left.plot([1.0], [90.0], "o")
        left.set(xlabel="time [s]", ylabel="accuracy [%]")
        right.plot([1, 2], [1e6 + 1e-4, 1e6 + 2e-4])
        right.set(xlabel="time [s]", ylabel="voltage [V]")
        right.ticklabel_format(useOffset=True)  # which the style turns off
        words = drawn(page)
    assert len(words) == 2
    assert "one dot, at x = 1" in words[0]
    assert "the y axis counts from an offset" in words[1]


def test_a_shared_label_and_named_ticks_are_enough():
    with figure(1, 2, sharey=True) as (page, (left, right)):
        left.plot([1, 2], [1, 2])
        left.set(xlabel="time [s]", ylabel="voltage [V]")
        right.bar([0, 1], [1, 2])
        right.set_xticks([0, 1], ["driver", "array"])
        assert drawn(page) == []


def test_a_figure_with_faults_cannot_be_saved_in_a_test(tmp_path):
    with figure() as (page, (axes,)):
        axes.plot([1, 2], [1, 2])
        with pytest.raises(AssertionError, match="the x axis says no quantity"):
            save(page, tmp_path / "a.png")


def test_bars_of_shares_are_wilson_intervals_in_percent():
    low, high = percent_bars([0.9, 1.0], 50)
    found = proportion([True] * 45 + [False] * 5)
    assert low[0] == approx(100 * (0.9 - found.low))
    assert high[0] == approx(100 * (found.high - 0.9))
    assert high[1] == approx(0.0, abs=1e-12)
    assert low[1] > 5.0


def test_a_logarithmic_axis_has_plain_numbers():
    with figure() as (page, (axes,)):
        axes.loglog([0.3, 30.0], [1.0, 2.0])
        decimal_ticks(axes.xaxis)
        FigureCanvasAgg(page).draw()
        low, high = axes.get_xlim()
        texts = {t.get_text() for t in axes.get_xticklabels()}
    assert {"0.5", "1", "2", "5", "10", "20"} <= texts
    assert low < 0.3
    assert high > 30.0


def test_bars_of_a_percentage_end_where_it_ends():
    bars = within_percent([98.0, 1.0, 50.0], [12.7, 12.7, np.inf])
    assert bars.tolist() == [[12.7, 1.0, 0.0], [2.0, 12.7, 0.0]]
    assert within_percent([97.0], [[1.0], [9.0]]).tolist() == [[1.0], [3.0]]


def test_a_notebook_is_given_a_picture_without_pyplot():
    with figure() as (page, (axes,)):
        axes.plot([1, 2], [1, 2])
        axes.set(xlabel="time [s]", ylabel="current [A]")
    shown, _ = DisplayFormatter().format(page)
    with Image.open(io.BytesIO(shown["image/png"])) as picture:
        picture.load()
        assert picture.size == (1050, 600)
        assert len(set(picture.convert("L").tobytes())) > 2


@pytest.mark.parametrize(
    ("shape", "size"), [((144, 3), (12, 96)), ((2, 500), (96, 12)), ((10, 6), (58, 96))]
)
def test_a_small_map_is_wide_enough_to_be_seen(shape, size):
    shown = thumbnail(np.linspace(0.0, 1.0, shape[0] * shape[1]).reshape(shape))
    assert f"width:{size[0]}px;height:{size[1]}px" in shown

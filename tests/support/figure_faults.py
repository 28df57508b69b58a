"""What is wrong with a figure that a reader would stumble over; none of it is a matter of taste."""

from functools import wraps

from matplotlib.figure import Figure

#: Units that are no quantity: an axis that says only this does not say what is drawn.
BARE = {"A", "C", "K", "S", "V", "dB", "mV", "nJ", "ohm", "s", "uA", "uJ", "uS", "us", "%"}


def figure_faults(page: Figure) -> list[str]:
    """Return the faults of a figure that is to be written, one line each.

    An axis without a quantity, or with a unit alone; an axis whose numbers span one dot; numbers
    that are to be added to an offset in a corner.
    """
    faults = []
    for number, axes in enumerate(page.axes):
        if not axes.get_visible() or not axes.axison:
            continue
        where = f"panel {number} ({axes.get_title() or 'no title'})"
        for name, axis, shared in (
            ("x", axes.xaxis, axes.get_shared_x_axes()),
            ("y", axes.yaxis, axes.get_shared_y_axes()),
        ):
            if not axis.get_visible() or not _ticked(axis):
                continue
            siblings = [sibling for sibling in page.axes if shared.joined(axes, sibling)]
            labels = [getattr(one, f"{name}axis").get_label_text() for one in siblings]
            label = axis.get_label_text() or next(filter(None, labels), "")
            bar = getattr(axes, "_colorbar", None)
            if bar is not None and name != bar.long_axis.axis_name:
                continue
            if not label and not _words(axis):
                faults.append(f"{where}: the {name} axis says no quantity")
            if label.strip("[] ") in BARE:
                faults.append(f"{where}: the {name} axis says {label!r}, a unit without a quantity")
            if axes.images and bar is None and _between_cells(axis):
                faults.append(f"{where}: the {name} axis counts cells in fractions")
            if axis.get_major_formatter().get_offset():
                faults.append(f"{where}: the {name} axis counts from an offset")
        places = {float(x) for line in _data(axes) for x in line.get_xdata()}
        alone = len(places) == 1 and len(axes.get_xticks()) > 1  # one tick names the one value
        if alone and not _words(axes.xaxis) and not axes.patches and not axes.images:
            faults.append(f"{where}: one dot, at x = {places.pop():g}, on an axis of numbers")
    return faults


def _data(axes):
    """Return the lines in the coordinates of the data, not those across the whole panel."""
    return [line for line in axes.lines if line.get_transform() == axes.transData]


def _between_cells(axis):
    """Whether ticks that are shown lie between the cells of a map."""
    least, most = sorted(axis.get_view_interval())
    return any(least <= place <= most and place % 1.0 for place in axis.get_majorticklocs())


def _ticked(axis):
    return any(tick.label1.get_visible() or tick.label2.get_visible() for tick in axis.majorTicks)


def _words(axis):
    """Whether the ticks are names (of layers, of chips), which say themselves what they are."""
    texts = [label.get_text() for label in axis.get_ticklabels()]
    return any(text and not _number(text) for text in texts)


def _number(text):
    if text.startswith("$"):  # a power of ten
        return True
    try:
        float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        return False
    return True


def faultless(savefig):
    """Return ``Figure.savefig`` that fails on a figure with faults: every figure of every test."""

    @wraps(savefig)
    def checked(self, *arguments, **options):
        done = savefig(self, *arguments, **options)
        faults = figure_faults(self)
        assert not faults, "\n".join(faults)
        return done

    return checked

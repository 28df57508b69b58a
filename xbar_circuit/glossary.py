"""The words of this package: terms of the field, units in names, names that rooms share.

A public number says its unit as the last word of its name, in one spelling: ``settle_second``,
``row_ohm``, ``g_max_siemens``. `UNITS` lists the spellings, `REFUSED` what they replace, and
`SHARED` the verbs that mean the same wherever they are found; a test holds every public name
against them, and ``docs/glossary.md`` against `page`.
"""

from __future__ import annotations

__all__ = ["REFUSED", "SHARED", "TERMS", "UNITS", "axis_label", "page", "unit_of"]

#: Unit words at the end of public names: what they measure and the symbol.
UNITS = {
    "ampere": ("current", "A"),
    "celsius": ("temperature, or a difference of temperatures", "degree Celsius"),
    "db": ("ratio of powers", "dB"),
    "degree": ("phase", "degree"),
    "ev": ("activation energy", "eV"),
    "farad": ("capacitance", "F"),
    "hertz": ("frequency", "Hz"),
    "joule": ("energy", "J"),
    "lsb": ("error of a converter", "LSB"),
    "metre": ("length", "m"),
    "ohm": ("resistance", "ohm"),
    "second": ("time", "s"),
    "siemens": ("conductance", "S"),
    "square_metre": ("area", "m2"),
    "volt": ("voltage", "V"),
    "watt": ("power", "W"),
}

#: Spellings that no public name has, and what stands there instead.
REFUSED = {
    **dict.fromkeys(("s", "sec", "secs", "ns", "us", "ms"), "second"),
    **dict.fromkeys(("meter", "meters", "metres", "um"), "metre"),
    **dict.fromkeys(("hz", "ghz", "mhz"), "hertz"),
    **dict.fromkeys(("joules", "pj", "fj", "nj"), "joule"),
    **dict.fromkeys(("m2", "um2"), "square_metre"),
    **dict.fromkeys(("amp", "amps", "amperes"), "ampere"),
    **dict.fromkeys(("watts", "mw", "uw"), "watt"),
    **dict.fromkeys(("kelvin", "kelvins", "degc", "degrees"), "celsius"),
    "ohms": "ohm",
    "farads": "farad",
    "characterise": "characterize",
    "summarise": "to_dict",
}

#: Names that several rooms export, with one meaning.
SHARED = {
    "deck": "the text that a simulator runs",
    "load": "read from a file",
    "read": "apply voltages to an array and return its currents",
    "run": "carry out what is given and return its answer",
    "save": "write to a file",
    "transient": "the response over time",
    "write": "apply a pulse to an array and return the state of its cells",
}

#: Terms of the field, as they are used here.
TERMS = {
    "ADC": (
        "Analog-to-digital converter; here also any circuit that turns a column's current "
        "into a code."
    ),
    "bit line": (
        "A column wire. It collects the currents of its cells and ends in a sense terminal."
    ),
    "bit-serial input": (
        "The bits of an input are applied one after the other, and the codes of the products "
        "are shifted and added."
    ),
    "conductance drift": (
        "The slow fall of a PCM device's conductance after programming, $g(t) = g_0 "
        "(t/t_0)^{-\\nu}$."
    ),
    "differential pair": (
        "Two cells that hold one signed weight, the difference of their conductances."
    ),
    "ENOB": (
        "Effective number of bits: the width of an ideal converter with the same noise and "
        "distortion, (SINAD - 1.76 dB) / 6.02."
    ),
    "INL, DNL": "Integral and differential nonlinearity of a converter, in LSB.",
    "IR drop": "Voltage lost in wires and terminals; it makes a device see less than its input.",
    "LSB": "Least significant bit: one step of a converter.",
    "lead": "The piece of wire between a terminal and its nearest cell.",
    "MVM": "Matrix-vector product, what an array computes in one read.",
    "PCM": "Phase-change memory. The conductance follows from the thickness of an amorphous plug.",
    "read noise": (
        "Fluctuation of a device's conductance from one read to the next, mainly 1/f noise."
    ),
    "read-out": (
        "What a column ends in: an amplifier and a converter, or a converter that takes the "
        "current."
    ),
    "SET, RESET": (
        "Crystallising (conductance rises) and melting (conductance falls) a PCM device."
    ),
    "segment": "The wire between two neighbouring cells.",
    "settling": "The time that a circuit needs until its output stays within a given error.",
    "synapse": (
        "The cells that together hold one weight: a pair, several devices in parallel, bit slices."
    ),
    "tile": "A crossbar with its drivers and read-outs.",
    "transfer matrix": (
        "The exact linear map from row voltages to column currents of an array with its "
        "wires, in siemens."
    ),
    "unit cell": "What sits at a cross-point: a bare device, or a device with a transistor.",
    "virtual ground": "The fixed voltage at which a read-out holds the end of a column.",
    "word line": "A row wire, driven with an input.",
    "write-verify": (
        "Programming by repeated pulses and reads until a conductance lies within a margin."
    ),
}

_PLURALS = {"seconds": "second", "volts": "volt"}
_TOLD = {"time", "ratio of powers", "error of a converter", "length"}  # by the rest of a name


def unit_of(name: str) -> str | None:
    """Return the symbol of the unit in which a public name ends, None where it ends in none.

    Parameters
    ----------
    name
        Such as ``row_ohm``.

    Returns
    -------
    str or None
        Such as ``"ohm"``.

    >>> unit_of("read_volt"), unit_of("chip_square_metre"), unit_of("accuracy")
    ('V', 'm2', None)
    """
    ending = _ending(name)
    if ending == "bits":
        return "bit"
    return UNITS[ending][1] if ending in UNITS else None


def axis_label(name: str) -> str:
    """Return a public name as the label of an axis: quantity, and its unit in brackets.

    Parameters
    ----------
    name
        Such as ``row_ohm``.

    Returns
    -------
    str
        Such as ``"row resistance [ohm]"``.

    >>> axis_label("read_volt"), axis_label("latency_second"), axis_label("phase_margin_degree")
    ('read voltage [V]', 'latency [s]', 'phase margin [degree]')
    >>> axis_label("seconds"), axis_label("adc_bits"), axis_label("read_noise")
    ('time [s]', 'adc bits', 'read noise')
    """
    ending = _ending(name)
    words = name.replace(".", " ").replace("_", " ")
    if ending not in UNITS:
        return words
    quantity, unit = UNITS[ending][0].partition(",")[0], UNITS[ending][1]
    words = words.removesuffix("s" if ending in _PLURALS.values() else "")
    words = words.removesuffix(ending.replace("_", " ")).strip()
    if not words or not (quantity in _TOLD or quantity in words):
        words = f"{words} {quantity}".strip()
    return f"{words} [{unit}]"


def _ending(name: str) -> str:
    """Return the unit word that ends a name, or its last word; a ratio ("per") has none."""
    last = name.rsplit(".", 1)[-1]
    if "_per_" in last:
        return ""
    if last.endswith("square_metre"):
        return "square_metre"
    word = last.rsplit("_", 1)[-1]
    return _PLURALS.get(word, word)


def page() -> str:
    """Return ``docs/glossary.md``."""
    units = [f"| `_{word}` | {what} | {symbol} |" for word, (what, symbol) in UNITS.items()]
    shared = [f"| `{name}` | {what} |" for name, what in SHARED.items()]
    lines = [
        "# Glossary",
        "",
        ":::{glossary}",
        "\n\n".join(f"{term}\n    {meaning}" for term, meaning in TERMS.items()),
        ":::",
        "",
        "## Units in names",
        "",
        "Every number is in SI units without prefix. A public name ends in its unit, in one"
        " spelling; `volts` and `seconds` alone stand for an array of inputs and for a time span.",
        "",
        "| Ending | Quantity | Unit |",
        "| --- | --- | --- |",
        *units,
        "",
        "## Names that several packages share",
        "",
        "| Name | What it does |",
        "| --- | --- |",
        *shared,
    ]
    return "\n".join(lines) + "\n"

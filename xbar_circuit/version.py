"""The package's version, on the ground floor so that every floor may state it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.2.0"

"""Trained networks on crossbar tiles: description, mapping, programming, inference."""

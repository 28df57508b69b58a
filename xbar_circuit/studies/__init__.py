"""Whole studies: what the command line runs, as functions that return their numbers."""

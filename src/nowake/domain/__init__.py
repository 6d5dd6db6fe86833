"""Frozen nouns, event and command words, units, errors. Imports nothing of ours."""

"""Compiled loops over arrays, and the records they share. The only room that imports numba, and it does so lazily."""

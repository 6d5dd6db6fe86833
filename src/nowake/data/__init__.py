"""Readers, cleaning, quality, generated days."""

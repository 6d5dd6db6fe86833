"""Algorithms: a frozen record of parameters with one pure decide()."""

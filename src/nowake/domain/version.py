"""The version of this code, written into every journal and report."""

VERSION = "0.1.0"

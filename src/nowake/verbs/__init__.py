"""The seven verbs of the public API, one file each; they alone may import every room."""

"""Everything one day tells, read at once: each part a file, what cannot be told listed with the reason."""

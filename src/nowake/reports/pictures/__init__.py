"""Pictures of a report, one a file: records and arrays in, a small deterministic SVG out."""

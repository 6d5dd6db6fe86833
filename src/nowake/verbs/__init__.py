"""What a user calls, one verb a file, and what they share; they and the command line alone may import every room."""

"""A pull request over stack files, read as data, and the comments about it: for workflows."""

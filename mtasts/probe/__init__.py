"""The I/O: probes return typed observations and judge nothing."""

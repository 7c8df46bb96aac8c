"""The components load the clouds' packages as the program of a stack does."""

from __future__ import annotations

from mtasts.components import load_as_used

load_as_used.install()

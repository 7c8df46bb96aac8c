"""Runs the good or the bad example of each rule of the policy pack, for ``pulumi preview``."""

from __future__ import annotations

import importlib
from pathlib import Path

import pulumi

config = pulumi.Config()
rule = config.get("rule") or ""
for path in sorted(Path(__file__).parent.glob("rules/*.py")):
    if rule in ("", path.stem.replace("_", "-")):
        getattr(importlib.import_module(f"rules.{path.stem}"), config.require("which"))()

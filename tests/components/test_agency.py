"""What the program of a stack reads."""

from __future__ import annotations

import pytest

from mtasts.components.stack_run import read_config
from mtasts.config import ConfigError


def test_the_stack_file_is_named_with_every_problem() -> None:
    with pytest.raises(ConfigError) as refused:
        read_config("agency", {"mtasts:mode": "on", "mtasts:maxAge": -1}, [])
    text = str(refused.value)
    assert "stacks/Pulumi.agency.yaml" in text
    assert "mtasts:mode" in text
    assert "mtasts:maxAge" in text

"""How much of the call stack is kept with a resource."""

from __future__ import annotations

import sys

import pulumi
import pytest
from pulumi_aws import route53
from recording import record

from mtasts.components.traces import short_traces


class Thing(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("mtasts:index:Thing", name)
        zone = route53.Record(f"{name}-record", zone_id="Z", name=name, type="TXT", records=["x"])
        self.register_outputs({"id": zone.id})


def deep(name: str, calls: int) -> None:
    if calls:
        deep(name, calls - 1)
    else:
        Thing(name)


def test_a_resource_is_kept_with_the_last_calls_that_led_to_it() -> None:
    def program() -> None:
        deep("whole", 20)
        with short_traces():
            deep("short", 20)

    found = record(program)
    for key in ("Thing short", "Record short-record"):
        request = found.request(key)
        assert 1 <= len(request.stackTrace.frames) <= 3
        assert request.sourcePosition.uri.endswith("/test_traces.py")
        assert request.sourcePosition == found.request(key.replace("short", "whole")).sourcePosition
    assert len(found.request("Thing whole").stackTrace.frames) > 20


@pytest.mark.parametrize("before", [None, 100])
def test_an_error_is_told_with_all_of_its_calls(
    before: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys, "tracebacklimit", raising=False)
    if before is not None:
        monkeypatch.setattr(sys, "tracebacklimit", before, raising=False)
    with pytest.raises(ValueError, match="refused"), short_traces():
        raise ValueError("refused")
    assert getattr(sys, "tracebacklimit", None) == before

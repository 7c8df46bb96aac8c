"""What a command meets outside of itself, where no test takes its place."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest
from skipping import skipping

from mtasts.cli.outside import Outside
from mtasts.cli.processes import program
from mtasts.errors import MtaStsError
from mtasts.observe.observer import Observer
from mtasts.probe.dns import Resolver
from mtasts.probe.probes import LIVE
from mtasts.probe.reach import Reach


def test_each_part_is_the_real_one() -> None:
    outside = Outside()
    assert outside.environment is os.environ
    assert outside.standard_input() is sys.stdin.buffer
    assert isinstance(outside.resolver(Reach()), Resolver)
    assert outside.probes() is LIVE
    reach = Reach(allow_private=True)
    found = outside.observer(reach, deadline_seconds=1, tls_details=True)
    assert isinstance(found, Observer)
    assert (found.reach, found.tls_details) == (reach, True)
    assert outside.program(os.getpid()) == program(os.getpid())


def test_the_environment_is_the_one_that_was_given() -> None:
    assert Outside({}).reach() == Reach.from_environment({})
    with pytest.raises(MtaStsError, match="MTASTS_CLOCK_AHEAD"):
        Outside({"MTASTS_CLOCK_AHEAD": "60"}).clock()


def test_time_passes() -> None:
    async def work() -> float:
        await Outside().sleep(3600)
        return asyncio.get_running_loop().time()

    assert skipping(work()) == pytest.approx(3600)

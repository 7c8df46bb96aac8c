"""What concerns a stack as a whole: an emergency, ledgers that are not known, domains that left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from facts_of import replace
from ruled import ids
from surveys import NOW, VALUES, config, placed, survey

from mtasts.config import Dns
from mtasts.errors import UndeterminedError
from mtasts.observations import DnsAnswer, DnsStatus
from mtasts.rollout.decision import decide
from mtasts.rollout.outlook import forecast, parse_forecast
from mtasts.rollout.stack_rulings import stack_rulings, vanished_domains
from mtasts.rollout.vanished import Remembered
from mtasts.ruling_catalogue import Kind
from mtasts.rulings import Ruling, refusal
from mtasts.run.bookkeeping import write_forecast

if TYPE_CHECKING:
    from pathlib import Path

LEFT = Remembered("left.gov", placed(proven=True))


@pytest.mark.parametrize(("is_emergency", "unsure"), [(True, False), (False, True)])
def test_an_emergency_and_ledgers_that_are_not_known_are_told(
    *, is_emergency: bool, unsure: bool
) -> None:
    first, *_ = survey("example.gov", ledger=placed(proven=True))
    found = replace(first, domain=replace(first.domain, emergency=is_emergency))
    decision = decide((found,), NOW, dns=Dns.ROUTE53)
    problem = UndeterminedError("no answer") if unsure else None
    told = stack_rulings(config(), VALUES, decision, "agency", unsure=problem)
    wanted = ["emergency-declared"] if is_emergency else []
    assert ids(told) == [*wanted, *(["ledgers-unknown"] if unsure else [])]


def test_a_domain_that_left_ends_the_run_unless_there_is_an_emergency() -> None:
    found, ends = vanished_domains(config(), (LEFT,), survey(), "agency")
    assert found is not None
    assert (found.id, ends) == ("domain-vanished", True)
    first, *others = config().domains
    emergency = replace(config(), domains=(replace(first, emergency=True), *others))
    assert vanished_domains(emergency, (LEFT,), survey(), "agency")[1] is False
    assert vanished_domains(config(), (), survey(), "agency") == (None, False)


async def test_a_preview_is_told_every_ruling_with_its_domain(tmp_path: Path) -> None:
    first, *_ = survey()
    lost = replace(first, delegation=DnsAnswer("example.gov", "NS", DnsStatus.ANSWERED, ("x.gov",)))
    decision = decide((lost,), NOW, dns=Dns.ROUTE53)
    about = refusal("ledgers-unknown", "no answer")
    found = forecast((lost,), decision, (), [about])
    assert [(name, each.id) for name, each in found.rulings] == [
        ("", "ledgers-unknown"),
        ("example.gov", "zone-not-delegated"),
    ]
    file = tmp_path / "outlook.json"
    await write_forecast(str(file), found)
    assert json.loads(file.read_text())["rulings"][1]["id"] == "zone-not-delegated"
    again = parse_forecast(file.read_text())
    assert again.domains == found.domains


def test_a_ruling_that_nobody_can_look_up_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        refusal("no-such-id", "x")
    with pytest.raises(ValueError, match="zone-missing is no note"):
        Ruling("zone-missing", Kind.NOTE, "x")

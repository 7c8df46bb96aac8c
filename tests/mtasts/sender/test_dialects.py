"""Where senders are known to differ, and that all agree on a policy as we render it."""

from __future__ import annotations

import pytest

from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy
from mtasts.sender.dialects import DIALECTS, GOOGLE, MICROSOFT, POSTFIX, RFC, Dialect

POLICY = Policy(Mode.ENFORCE, 604_800, (MxPattern.parse("*.example.gov"),))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_all_take_what_we_render(dialect: Dialect) -> None:
    assert dialect.take(POLICY.render()) == POLICY
    assert dialect.covers(POLICY, "mx.example.gov")
    assert not dialect.covers(POLICY, "example.gov")
    assert dialect.take(b"<html>") == "it is no policy: policy-html"


def test_google_wants_the_version_first_and_a_day() -> None:
    late = b"mode: enforce\r\nversion: STSv1\r\nmx: a.example\r\nmax_age: 604800\r\n"
    short = Policy(Mode.ENFORCE, 86_399, POLICY.mx).render()
    assert GOOGLE.take(late) == "Google wants version on the first line"
    assert GOOGLE.take(short) == "Google ignores a max_age below 86400"
    for other in (RFC, MICROSOFT, POSTFIX):
        assert isinstance(other.take(late), Policy)
        assert isinstance(other.take(short), Policy)


def test_postfixs_resolver_takes_the_last_of_two_and_any_depth() -> None:
    twice = POLICY.render().replace(b"max_age", b"mode: testing\r\nmax_age")
    assert POSTFIX.take(twice) == Policy(Mode.TESTING, 604_800, POLICY.mx)
    assert RFC.take(twice) == POLICY
    odd = POLICY.render().replace(b"max_age", b"mode: later\r\nmax_age")
    assert POSTFIX.take(odd) == POLICY
    assert POSTFIX.covers(POLICY, "a.b.example.gov")
    assert not RFC.covers(POLICY, "a.b.example.gov")
    assert not POSTFIX.covers(POLICY, "a.b.example.org")

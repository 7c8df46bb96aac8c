"""What other programs may rely on, as a type checker sees it; ``make lint`` reads this file.

A change that breaks a line here breaks a caller: it belongs into the CHANGELOG.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, assert_type

import mtasts
from mtasts.check.domain import check_domain
from mtasts.check.notes import Checked
from mtasts.config import AgencyConfig, ConfigError, load_file, load_stack, load_text
from mtasts.findings import Finding
from mtasts.names import MxPattern
from mtasts.policy import Mode, Policy, PolicySyntaxError, parse, policy_id
from mtasts.records import Selection, StsRecord, TlsRptRecord, select_sts, select_tlsrpt
from mtasts.render.worker import worker_name, worker_source
from mtasts.tlsrpt.reading import parse_report
from mtasts.tlsrpt.report import Report

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from mtasts.check.observed import Observed
    from mtasts.errors import MtaStsError, UndeterminedError, UsageError

assert_type(mtasts.__version__, str)


def policies(body: bytes) -> None:
    """RFC 8461 section 3.2."""
    policy = assert_type(parse(body), Policy)
    assert_type(policy.mode, Mode)
    assert_type(policy.max_age, int)
    assert_type(policy.mx, tuple[MxPattern, ...])
    assert_type(policy.covers("mx1.example.gov"), bool)
    assert_type(policy.render(), bytes)
    assert_type(policy_id(body), str)
    assert_type(MxPattern.parse("*.example.gov"), MxPattern)
    Policy(mode=Mode.ENFORCE, max_age=604_800, mx=(MxPattern("example.gov", wildcard=True),))
    Policy(mode="enforce", max_age=604_800, mx=())  # type: ignore[arg-type]


def records(rrset: list[list[bytes]]) -> None:
    """RFC 8461 section 3.1 and RFC 8460 section 3."""
    assert_type(select_sts(rrset), Selection[StsRecord])
    assert_type(select_tlsrpt(rrset), Selection[TlsRptRecord])
    assert_type(StsRecord.parse(b"v=STSv1; id=1").render(), str)
    assert_type(TlsRptRecord.parse(b"v=TLSRPTv1; rua=mailto:a@example.gov").render(), str)


def stack_files(path: Path, raw: bytes) -> None:
    """``docs/config.md``."""
    assert_type(load_file(path), AgencyConfig)
    assert_type(load_stack(path), tuple[AgencyConfig, Mapping[str, object]])
    assert_type(load_text(raw, file="Pulumi.agency.yaml"), AgencyConfig)


def checks(seen: Observed, now: dt.datetime) -> None:
    """``docs/check.md``."""
    checked = assert_type(check_domain(seen, now), Checked)
    assert_type(checked.findings, tuple[Finding, ...])


def reports(raw: bytes) -> None:
    """RFC 8460 section 4.4."""
    assert_type(parse_report(raw), Report)


def workers(body: bytes) -> None:
    """``docs/clouds.md``."""
    assert_type(worker_source("example.gov", body, 3600), str)
    assert_type(worker_name("example.gov"), str)


def errors(error: ConfigError | PolicySyntaxError | UndeterminedError | UsageError) -> MtaStsError:
    """Everything raised on purpose has one root."""
    return error

"""The keys of a stack file and the parser of each: the one table that `docs/config.md` mirrors.

Every field may be absent here, so that what can be read of a wrong config is still read and judged;
``REQUIRED`` names the keys whose absence is a mistake of its own.
"""

import datetime as dt
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from mtasts.cloud_catalogue import Dns, Hosting
from mtasts.config import fields, hosts, identifiers
from mtasts.config.model import Emergency, Profile, ReportTrust, Waiver
from mtasts.names import MxPattern
from mtasts.policy import Mode

DAY = 86_400
DEFAULT_MAX_AGE = 7 * DAY
# Each change of a policy waits so long before its proof, so the copies are short-lived (RFC 8461
# section 8.2).
DEFAULT_CACHE_SECONDS = 60
# A correction reaches senders when the TTL of the former record has ended (RFC 8461 section 10.2).
DEFAULT_TTL_SECONDS = 300
PROOF_SECONDS_MAX = 3600
# There is no signal that a Worker has reached every place; Cloudflare speaks of seconds.
DEFAULT_SETTLE_SECONDS = 120


def default_proof_seconds(*clouds: Hosting | None) -> int:
    """How long a proof may take where nothing is said; ``clouds`` serve the policy."""
    return max(each.row.proof_seconds for each in clouds if each is not None)


# RFC 8461 section 8.3 wants a small one; below a day Gmail ignores the policy.
RETIRED_MAX_AGE = DAY

_MaxAge = Annotated[
    int,
    PlainValidator(
        fields.whole_number(
            DAY,
            31_557_600,
            "Gmail ignores policies with less than a day, and RFC 8461 allows at most a year",
            "RFC 8461 section 3.2",
        )
    ),
]
# A bad policy is corrected by a new id, which senders see when the TTL of the old STS record has
# ended. A day is the refresh that RFC 8461 section 10.2 suggests; no cloud allows less than 60 s.
_Ttl = Annotated[
    int,
    PlainValidator(
        fields.whole_number(
            60,
            DAY,
            "senders see a correction only when the TTL of the old record has ended",
            "RFC 8461 section 10.2",
        )
    ),
]
_CacheSeconds = Annotated[
    int,
    PlainValidator(
        fields.whole_number(
            1,
            3600,
            "for so long, a cache may serve the old body under the new id",
            "RFC 8461 section 8.2",
        )
    ),
]
_ProofSeconds = Annotated[
    int,
    PlainValidator(
        fields.whole_number(
            5,
            PROOF_SECONDS_MAX,
            "a proof needs time for its requests, and no run should wait for hours",
            "RFC 8461 section 8.1",
        )
    ),
]
_SettleSeconds = Annotated[
    int,
    PlainValidator(
        fields.whole_number(
            1,
            1800,
            "a Worker's upload needs some seconds to reach every place, and Cloudflare does not "
            "report when",
            "RFC 8461 section 8.1",
        )
    ),
]
# Words that people try. Without this table, "us-gov" would be taken for its neighbour "uk-gov".
_PROFILES_MEANT = {
    **dict.fromkeys(("us", "usa", "us-gov", "us-federal", "fceb", "cisa"), Profile.US_FCEB),
    **dict.fromkeys(("uk", "gb", "govuk", "gov-uk", "ncsc"), Profile.UK_GOV),
    **dict.fromkeys(("au", "au-gov", "ism"), Profile.AU_ISM),
    **dict.fromkeys(("nz", "nz-gov", "sge"), Profile.NZ_SGE),
}
_Mode = Annotated[Mode, PlainValidator(fields.word(Mode, "RFC 8461 section 3.2"))]
_Emergency = Annotated[Emergency, PlainValidator(fields.word(Emergency))]
_Title = Annotated[str, PlainValidator(fields.title)]
_Token = Annotated[str, PlainValidator(fields.token)]
_Reports = Annotated[
    list[Annotated[str, PlainValidator(hosts.report_uri)]],
    BeforeValidator(fields.filled),
    AfterValidator(hosts.fit_one_record),
]


class Fields(BaseModel):
    """A mapping with known keys only."""

    # A model is built when it first reads something: a stack is of one kind, and uses few of them.
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True
    )
    REQUIRED: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def known_keys(cls) -> list[str]:
        """The keys as a stack file spells them."""
        return [field.alias or name for name, field in cls.model_fields.items()]


class AccountFields(Fields):
    """The keys that say in which accounts a stack is, whatever it holds."""

    region: Annotated[str, PlainValidator(identifiers.region)] | None = Field(
        None, alias="aws:region"
    )
    allowed_account_ids: (
        Annotated[
            list[Annotated[str, PlainValidator(identifiers.account_id)]],
            BeforeValidator(fields.filled),
            BeforeValidator(fields.from_json),
        ]
        | None
    ) = Field(None, alias="aws:allowedAccountIds")
    cloudflare_account: Annotated[str, PlainValidator(identifiers.cloudflare_account)] | None = (
        Field(None, alias="mtasts:cloudflareAccount")
    )


class StackFields(AccountFields):
    """The flat keys; ``mtasts:domains`` stands apart, since each entry is read on its own."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("mtasts:agency",)

    agency: _Title | None = Field(None, alias="mtasts:agency")
    profile: (
        Annotated[Profile, PlainValidator(fields.word(Profile, meant=_PROFILES_MEANT))] | None
    ) = Field(None, alias="mtasts:profile")
    hosting: Annotated[Hosting, PlainValidator(fields.word(Hosting))] | None = Field(
        None, alias="mtasts:hosting"
    )
    dns: Annotated[Dns, PlainValidator(fields.word(Dns))] | None = Field(None, alias="mtasts:dns")
    mode: _Mode | None = Field(None, alias="mtasts:mode")
    max_age: _MaxAge | None = Field(None, alias="mtasts:maxAge")
    cache_seconds: _CacheSeconds | None = Field(None, alias="mtasts:cacheSeconds")
    proof_seconds: _ProofSeconds | None = Field(None, alias="mtasts:proofSeconds")
    ttl: _Ttl | None = Field(None, alias="mtasts:ttl")
    tls_reports: Annotated[_Reports, BeforeValidator(fields.from_json)] | None = Field(
        None, alias="mtasts:tlsReports"
    )
    reroll: _Token | None = Field(None, alias="mtasts:reroll")
    alarm_topic: Annotated[str, PlainValidator(identifiers.alarm_topic)] | None = Field(
        None, alias="mtasts:alarmTopic"
    )
    delegation_zone: Annotated[str, PlainValidator(hosts.delegation_zone)] | None = Field(
        None, alias="mtasts:delegationZone"
    )
    leaving: Annotated[Hosting, PlainValidator(fields.word(Hosting))] | None = Field(
        None, alias="mtasts:leaving"
    )
    leaving_dns: Annotated[Dns, PlainValidator(fields.word(Dns))] | None = Field(
        None, alias="mtasts:leavingDns"
    )
    settle_seconds: _SettleSeconds | None = Field(None, alias="mtasts:settleSeconds")
    report_trust: Annotated[ReportTrust, PlainValidator(fields.word(ReportTrust))] | None = Field(
        None, alias="mtasts:reportTrust"
    )
    emergency: _Emergency | None = Field(None, alias="mtasts:emergency")


class OverrideFields(Fields):
    """What a domain is let past, by whom, why and until when."""

    waives: Annotated[
        list[Annotated[Waiver, PlainValidator(fields.word(Waiver, "mtasts docs gates"))]],
        BeforeValidator(fields.filled),
    ] = Field(alias="for")
    reason: _Title
    approved_by: _Title = Field(alias="approvedBy")
    expires: Annotated[dt.date, PlainValidator(fields.iso_date)]
    begins: Annotated[dt.date, PlainValidator(fields.iso_date)] | None = Field(None, alias="from")


class DomainFields(Fields):
    """One entry of ``mtasts:domains``."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "mx")

    name: Annotated[str, PlainValidator(hosts.policy_domain)] | None = None
    mx: (
        Annotated[
            list[Annotated[MxPattern, PlainValidator(hosts.mx_pattern)]],
            BeforeValidator(fields.listed),
        ]
        | None
    ) = None
    dkim_selectors: (
        Annotated[
            list[Annotated[str, PlainValidator(fields.dkim_selector)]],
            BeforeValidator(fields.listed),
        ]
        | None
    ) = Field(None, alias="dkimSelectors")
    mode: _Mode | None = None
    max_age: _MaxAge | None = Field(None, alias="maxAge")
    zone_id: Annotated[str, PlainValidator(identifiers.zone_id)] | None = Field(
        None, alias="zoneId"
    )
    dns_role_arn: Annotated[str, PlainValidator(identifiers.role_arn)] | None = Field(
        None, alias="dnsRoleArn"
    )
    dns_role_external_id: Annotated[str, PlainValidator(identifiers.external_id)] | None = Field(
        None, alias="dnsRoleExternalId"
    )
    ttl: _Ttl | None = None
    tls_reports: _Reports | None = Field(None, alias="tlsReports")
    reroll: _Token | None = None
    retire: Annotated[bool, PlainValidator(fields.flag)] | None = None
    emergency: _Emergency | None = None
    override: Annotated[OverrideFields, BeforeValidator(fields.mapping)] | None = None

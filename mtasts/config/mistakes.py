"""Every mistake that a config can have, by its id; `docs/checks.md` lists them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Mistake(StrEnum):
    """The id of a mistake; ``meaning`` is the general description in ``docs/checks.md``.

    The finding describes the value and the fix (`mtasts.config.fields`).
    """

    meaning: str

    def __new__(cls, id_: str, meaning: str) -> Self:
        """Make the member from its id and meaning."""
        made = str.__new__(cls, id_)
        made._value_ = id_
        made.meaning = meaning
        return made

    FILE_UNREADABLE = "config-file-unreadable", "the file cannot be read"
    FILE_TOO_LARGE = "config-file-too-large", "the file is too large"
    FILE_NOT_UTF_8 = "config-file-not-utf-8", "the file is not UTF-8"
    FILE_SHAPE = "config-file-shape", "the file has no mapping named config:"
    YAML_SYNTAX = "config-yaml-syntax", "the file is not YAML"
    YAML_TAB = "config-yaml-tab", "a line is indented with a tab"
    YAML_TAG = "config-yaml-tag", "the file uses a YAML tag"
    YAML_ALIAS = "config-yaml-alias", "the file uses a YAML anchor or alias"
    YAML_MERGE = "config-yaml-merge", "the file uses the YAML merge key <<"
    YAML_KEY = "config-yaml-key", "a key is a list or a mapping"
    YAML_TOO_DEEP = "config-yaml-too-deep", "the values are nested too deep"
    YAML_SEVERAL_DOCUMENTS = "config-yaml-several-documents", "the file has a second YAML document"
    KEY_OUTSIDE_CONFIG = (
        "config-key-outside-config",
        "a key stands outside of config:, where Pulumi ignores it",
    )
    KEY_REPEATED = "config-key-repeated", "a key appears twice"
    KEY_REFUSED = "config-key-refused", "a stack file must not have this key of a provider"
    UNKNOWN_KEY = "config-unknown-key", "there is no such key"
    MISSING_KEY = "config-missing-key", "a required key is missing"
    NO_DOMAINS = "config-no-domains", "no domain is listed"
    IMPOSSIBLE_COMBINATION = "config-impossible-combination", "two keys contradict each other"
    ENDPOINT_ELSEWHERE = (
        "config-endpoint-elsewhere",
        "an endpoint is neither the cloud's nor a loopback address",
    )
    TOKEN_IN_CLEAR = "config-token-in-clear", "a credential stands in clear text"
    SECRET = "config-secret", "a value is encrypted as a secret, but it is published"
    NOT_YET_KNOWN = "config-not-yet-known", "a value comes from a resource that does not exist yet"
    EMPTY = "config-empty", "a value or a list is empty"
    WRONG_TYPE = "config-wrong-type", "a value has the wrong type for its key"
    UNQUOTED = "config-unquoted", "a text without quotes that YAML reads as a number or a date"
    UNKNOWN_WORD = "config-unknown-word", "a value is none of the words that its key allows"
    NO_WHOLE_NUMBER = "config-no-whole-number", "a value is not a whole number"
    OUT_OF_RANGE = "config-out-of-range", "a number or a date is outside its range"
    TOO_LONG = "config-too-long", "a value or a list is too long"
    CONTROL_CHARACTER = "config-control-character", "a text has control or invisible characters"
    ITEM_REPEATED = "config-item-repeated", "a list has the same item twice"
    DATE_INVALID = "config-date-invalid", "a value is not a date"
    REROLL_INVALID = "config-reroll-invalid", "a value cannot be used for reroll"
    DKIM_SELECTOR_INVALID = "config-dkim-selector-invalid", "a value is not a DKIM selector"
    REPORT_URI_SCHEME = "config-report-uri-scheme", "a report address is not mailto: or https:"
    REPORT_URI_INVALID = "config-report-uri-invalid", "no report can be sent to a report address"
    DOMAIN_INVALID = "config-domain-invalid", "a domain is not a host name"
    DOMAIN_NOT_A_NAME = (
        "config-domain-not-a-name",
        "a domain has a scheme, port, preference or space in it",
    )
    DOMAIN_SINGLE_LABEL = "config-domain-single-label", "a domain is a single label"
    DOMAIN_ADDRESS_LITERAL = "config-domain-address-literal", "a domain is an IP address"
    DOMAIN_WILDCARD = "config-domain-wildcard", "a domain is a wildcard"
    DOMAIN_IS_POLICY_HOST = (
        "config-domain-is-policy-host",
        "a domain is the name of a policy host or of a record",
    )
    DOMAIN_TOO_LONG = "config-domain-too-long", "names below a domain would be too long"
    DOMAIN_REPEATED = "config-domain-repeated", "a domain is listed twice"
    MX_INVALID = "config-mx-invalid", "an mx is not a host name"
    MX_NOT_A_NAME = "config-mx-not-a-name", "an mx has a scheme, port, preference or space in it"
    MX_SINGLE_LABEL = "config-mx-single-label", "an mx is a single label"
    MX_ADDRESS_LITERAL = "config-mx-address-literal", "an mx is an IP address"
    MX_WILDCARD_WIDE = "config-mx-wildcard-wide", "an mx covers a whole top-level domain"
    REGION_INVALID = "config-region-invalid", "a value is not an AWS region"
    REGION_WITHOUT_CLOUDFRONT = "config-region-without-cloudfront", "the region has no CloudFront"
    ACCOUNT_INVALID = "config-account-invalid", "a value is not the id of an account"
    ROLE_INVALID = "config-role-invalid", "a value is not the ARN of a role"
    EXTERNAL_ID_INVALID = "config-external-id-invalid", "a value is not an external id of a role"
    TOPIC_INVALID = "config-topic-invalid", "a value is not the ARN of an SNS topic in us-east-1"
    ZONE_ID_INVALID = "config-zone-id-invalid", "a value is not the id of a zone"

"""The typed config of an agency, from ``stacks/Pulumi.<agency>.yaml``, checked as a whole.

`load` reads the mapping Pulumi hands to the program, `load_file` a stack file; both report every
problem at once. `docs/config.md` lists the keys.
"""

from mtasts.cloud_catalogue import Dns, Hosting
from mtasts.config.agency import AgencyConfig, DomainConfig
from mtasts.config.inbox import InboxConfig
from mtasts.config.loading import (
    load,
    load_file,
    load_inbox,
    load_inbox_stack,
    load_stack,
    load_text,
    secrets_provider,
)
from mtasts.config.model import (
    ConfigError,
    Override,
    Profile,
    ReportTrust,
    Waiver,
)

__all__ = [
    "AgencyConfig",
    "ConfigError",
    "Dns",
    "DomainConfig",
    "Hosting",
    "InboxConfig",
    "Override",
    "Profile",
    "ReportTrust",
    "Waiver",
    "load",
    "load_file",
    "load_inbox",
    "load_inbox_stack",
    "load_stack",
    "load_text",
    "secrets_provider",
]

"""The phases of a retirement, and which resources each one declares (docs/retirement.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from mtasts.ledger.stages import Stage


class Phase(StrEnum):
    """How far a retirement has come; ``kept`` says that it was cancelled."""

    KEPT = "kept"
    RECORD_FREE = "record-free"
    RECORD_WITHDRAWN = "record-withdrawn"
    RECORD_GONE = "record-gone"
    ADDRESSES_WITHDRAWN = "addresses-withdrawn"
    ADDRESSES_GONE = "addresses-gone"
    HOST_WITHDRAWN = "host-withdrawn"

    @property
    def parts(self) -> Parts:
        """The resources that are declared in this phase, and which of them are protected."""
        return _PARTS[self]


@dataclass(frozen=True, slots=True)
class Parts:
    """The resources of a domain that are declared, and those that the engine may not delete.

    ``record`` is the STS record, ``addresses`` are the policy host's address records, ``issued``
    says that there is a certificate. With ``go_over`` the next cloud itself leads the policy host's
    name to its host, and replaces the record that led to the former one.
    """

    record: bool = True
    addresses: bool = True
    host: bool = True
    protect_record: bool = True
    protect_addresses: bool = True
    protect_host: bool = True
    issued: bool = True
    go_over: bool = False

    @property
    def unprotected(self) -> Parts:
        """The same parts, without protection: no sender holds an enforced policy of the domain."""
        return replace(self, protect_record=False, protect_addresses=False, protect_host=False)

    def at(self, stage: Stage) -> Parts:
        """The parts that are declared in ``stage``.

        Each stage needs the records of the stage before: without a certificate there is no host,
        and without a host the policy host has no address.
        """
        is_live = stage is Stage.LIVE
        return replace(
            self,
            record=self.record and is_live,
            protect_record=self.protect_record and is_live,
            addresses=self.addresses and stage is not Stage.REQUESTED,
            protect_addresses=self.protect_addresses and is_live,
            issued=stage is not Stage.REQUESTED,
        )

    @property
    def leaving(self) -> Parts:
        """The same parts, with addresses and host unprotected, before a move replaces them."""
        return replace(self, protect_addresses=False, protect_host=False)


ALL = Parts()
UNPROTECTED = ALL.unprotected
_NO_RECORD = Parts(record=False, protect_record=False, protect_addresses=False)
_NO_ADDRESSES = Parts(
    record=False,
    addresses=False,
    protect_record=False,
    protect_addresses=False,
    protect_host=False,
)
_PARTS = {
    Phase.KEPT: ALL,
    Phase.RECORD_FREE: Parts(protect_record=False),
    Phase.RECORD_WITHDRAWN: _NO_RECORD,
    Phase.RECORD_GONE: _NO_RECORD,
    Phase.ADDRESSES_WITHDRAWN: _NO_ADDRESSES,
    Phase.ADDRESSES_GONE: _NO_ADDRESSES,
    Phase.HOST_WITHDRAWN: replace(_NO_ADDRESSES, host=False),
}

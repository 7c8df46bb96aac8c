"""The phases of a retirement, and what of a domain is declared in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from mtasts.ledger.stages import Stage


class Phase(StrEnum):
    """How far a retirement has come; ``kept`` undoes it while nothing has been published since."""

    KEPT = "kept"
    RECORD_FREE = "record-free"
    RECORD_WITHDRAWN = "record-withdrawn"
    RECORD_GONE = "record-gone"
    ADDRESSES_WITHDRAWN = "addresses-withdrawn"
    ADDRESSES_GONE = "addresses-gone"
    HOST_WITHDRAWN = "host-withdrawn"

    @property
    def parts(self) -> Parts:
        """What of the domain is declared in this phase, and what of it is protected."""
        return _PARTS[self]


@dataclass(frozen=True, slots=True)
class Parts:
    """What is declared of a domain, and what of that the engine may not delete.

    Where the addresses ``go_over``, the cloud takes the name to its next host by itself, and with
    it the record that led to the one before.
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
        """The same parts of a domain that nobody relies on."""
        return replace(self, protect_record=False, protect_addresses=False, protect_host=False)

    def at(self, stage: Stage) -> Parts:
        """What of it is declared in a stage: each needs what the one before handed out.

        ``issued`` says that the certificate is, or is about to be: without one there is no host.
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
        """The same parts while host and addresses are about to be others."""
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

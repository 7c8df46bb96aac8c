"""The phases of a retirement, and which resources each one declares (docs/retirement.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

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


class Presence(Enum):
    """Whether a part of a domain is declared, and whether the engine may delete it."""

    ABSENT = "absent"
    PRESENT = "present"
    PROTECTED = "protected"

    @property
    def is_declared(self) -> bool:
        """Whether the part is declared."""
        return self is not Presence.ABSENT

    @property
    def is_protected(self) -> bool:
        """Whether the engine may not delete the part, since senders rely on it."""
        return self is Presence.PROTECTED

    @property
    def unprotected(self) -> Presence:
        """The same presence without protection."""
        return Presence.PRESENT if self is Presence.PROTECTED else self


@dataclass(frozen=True, slots=True)
class Parts:
    """The resources of a domain that are declared, and those that the engine may not delete.

    ``record`` is the STS record, ``addresses`` are the policy host's address records.
    ``certificate`` says that the certificate may be issued. With ``go_over`` the next cloud itself
    replaces the record that leads to the former host by one that leads to its own host.
    """

    record: Presence = Presence.PROTECTED
    addresses: Presence = Presence.PROTECTED
    host: Presence = Presence.PROTECTED
    certificate: bool = True
    go_over: bool = False

    @property
    def unprotected(self) -> Parts:
        """The same parts without protection, for a domain on which no sender relies."""
        return replace(
            self,
            record=self.record.unprotected,
            addresses=self.addresses.unprotected,
            host=self.host.unprotected,
        )

    def at(self, stage: Stage) -> Parts:
        """The parts that are declared in a stage; each stage needs what the last one handed out."""
        if stage is Stage.LIVE:
            return self
        is_issued = stage is not Stage.REQUESTED
        return replace(
            self,
            record=Presence.ABSENT,
            addresses=self.addresses.unprotected if is_issued else Presence.ABSENT,
            certificate=is_issued,
        )

    @property
    def freed(self) -> Parts:
        """The same parts before a move that removes host and addresses from their zone."""
        return replace(self, addresses=self.addresses.unprotected, host=self.host.unprotected)


ALL = Parts()
UNPROTECTED = ALL.unprotected
_NO_RECORD = Parts(record=Presence.ABSENT, addresses=Presence.PRESENT)
_NO_ADDRESSES = Parts(Presence.ABSENT, Presence.ABSENT, Presence.PRESENT)
_PARTS = {
    Phase.KEPT: ALL,
    Phase.RECORD_FREE: Parts(record=Presence.PRESENT),
    Phase.RECORD_WITHDRAWN: _NO_RECORD,
    Phase.RECORD_GONE: _NO_RECORD,
    Phase.ADDRESSES_WITHDRAWN: _NO_ADDRESSES,
    Phase.ADDRESSES_GONE: _NO_ADDRESSES,
    Phase.HOST_WITHDRAWN: replace(_NO_ADDRESSES, host=Presence.ABSENT),
}

"""Everything that settlement offers, put together once."""

from dataclasses import dataclass

from server.campaign.programme import Programme
from server.infra.crypto import Vault
from server.kit.clock import Clock
from server.settlement.drafting import Drafting
from server.settlement.receipts import Receipts
from server.settlement.registry import Registry
from server.settlement.service import Batches
from server.settlement.statements import Statements


@dataclass(frozen=True, slots=True)
class Settlement:
    """The use cases of settlement by what they are about."""

    registry: Registry
    drafting: Drafting
    batches: Batches
    receipts: Receipts
    statements: Statements

    @classmethod
    def of(cls, programme: Programme, vault: Vault, clock: Clock) -> "Settlement":
        """All of them, with one clock."""
        registry = Registry(vault, clock)
        return cls(
            registry,
            Drafting(programme, clock),
            Batches(registry, clock),
            Receipts(clock),
            Statements(),
        )

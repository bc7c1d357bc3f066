"""What the audit chain must agree about with the head that is kept outside the database."""

import logging

from server.audit.witness import Witness, contradiction
from server.infra.redis import RedisError
from server.reconcile.domain import Finding

LOG = logging.getLogger("huixiang.reconcile")

WITNESSED = "audit_witnessed"
"""The invariant's name; every run sees all of it, so any run clears its alarm."""
SENTENCE = "审计链与另存的链头一致"


async def chain_findings(witness: Witness) -> list[Finding]:
    """Compare the chain with the witness, and with its own newest checkpoint (P-11.2).

    Without a witness a chain that agrees proves nothing: no finding, which clears no alarm.
    """
    try:
        known = await witness.read()
    except RedisError:
        LOG.warning("the witness of the audit chain could not be asked")
        return []
    fault = await contradiction(known)
    if fault is not None:
        row = {
            "wrong": fault.wrong.value,
            "seq": fault.seq,
            "until_seq": fault.until_seq,
            "sentence": fault.sentence,
        }
        return [Finding(WITNESSED, SENTENCE, (row,))]
    return [] if known is None else [Finding(WITNESSED, SENTENCE, ())]

"""The list of every module with tables: what Tortoise and the migrations load."""

MODELS = (
    "server.audit.models",
    "server.ledger.models",
    "server.identity.models",
    "server.campaign.models",
    "server.merchant.models",
    "server.voucher.models",
    "server.claim.models",
    "server.redemption.models",
)

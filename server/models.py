"""The list of every module with tables: what Tortoise and the migrations load."""

from server.infra.db import config

MODELS = (
    "server.audit.models",
    "server.ledger.models",
    "server.identity.models",
    "server.staff.models",
    "server.campaign.models",
    "server.funding.models",
    "server.merchant.models",
    "server.risk.models",
    "server.voucher.models",
    "server.claim.models",
    "server.redemption.models",
    "server.settlement.models",
    "server.figures.models",
    "server.exports.models",
    "server.sampling.models",
    "server.reconcile.models",
)

TORTOISE_ORM = config("postgres://nobody:nothing@127.0.0.1:5432/none", MODELS)
"""For `.venv/bin/tortoise makemigrations -n <name>`, which compares models with migrations and
connects to nothing. It writes no CHECK constraint: add those by hand, as `0003_guards` does."""

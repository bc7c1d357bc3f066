"""campaign: the programme, its voucher templates, and the rounds that release them (P-03 … P-07).

Owns `templates`, `rounds`, `offers` and `stock_additions`. The programme itself is data: one TOML
file under `server/policy`, read by `programme.py`. A round (轮次) releases one or more templates;
an offer (投放) is one template within a round, with its stock.

States of a round, moved through one table in `domain.py`:
draft → approved → scheduled → open → closed → settled. `approved` has its money reserved on the
ledger; `scheduled` has its gate filled and waits for the clock; `closed` gave the money of what
nobody claimed back; `settled` has no open voucher left. Pausing is a flag beside the state.

What the public sees is the phase, a pure function of a round and the present instant, so opening
and closing are exact whether or not anyone, or any background process, is awake.

`snapshot.py` keeps every process's copy of the announced rounds fresh: a word on Redis pub/sub
makes it read at once, and a timer makes it read anyway.

Invariants
- Approval, and adding stock, reserve stock × face value in the same transaction (P-03).
- issued ≤ stock, in PostgreSQL (a CHECK), whoever writes.
- Whoever entered a round, a template or more stock cannot approve it (P-11.1); a round releases
  only templates that a second person approved, or that the programme's own file brings.
- No round and no voucher ends after the programme (P-04).

Refusals, in order: `campaign.unknown_round`, `campaign.unknown_template` or
`campaign.unknown_addition`; `campaign.invalid`, `campaign.leverage`, `campaign.own_entry`,
`campaign.wrong_state`; then the ledger's, where money is reserved.
"""

"""risk: split orders and sham orders, refused where certain and a case where likely (P-06.7).

Owns `risk_cases`, `risk_near_orders`, `risk_watermarks`, `risk_location_policies` and
`risk_scan_locations`. Every figure that decides is in `policy/risk.toml`.

Certain, in the redemption's own transaction (`certain.py`): several orders of one resident at one
merchant within minutes, each at its voucher's threshold or just over it. One upsert counts and
locks, and only for an order near its threshold. A round may also ask where the till is (off, warn,
block); what a client says is kept as evidence and is never proof.

Likely, by the worker (`jobs.py`): the last hour every few seconds, the whole district every hour.
`detectors` gives every redemption its signs, compares each merchant's and till's share of every
sign with its peers' (median and MAD, with chance and a floor allowed for), takes a share that is
even day after day for the shop's habit where honest shops may have it, and opens a case for one
strong sign or for several that add up. No scheme has code of its own.

A case says in Chinese, with figures, why; it keeps its evidence, goes to public security or market
supervision, and holds what the merchant is to be paid (`queries.held_among`), never what a resident
has. States: open → working → dismissed, or upheld → released by somebody else.

Invariants
- One undecided case per merchant, whoever looks, also two workers; a later find is its evidence.
- Nothing found is dropped: watermarks move after the cases; a case is never removed, a decided one
  never changed. A dismissed one keeps its merchant quiet for a while unless its score grows.
- Two split orders at once are counted as two (the upsert's row lock).

Refusals, in order. To a redemption, after all of its own: `risk.no_location`, `risk.too_far`,
`risk.split`. To staff: `risk.bad_note`, `risk.unknown_case` (also for another office's case),
`risk.wrong_state`, `risk.own_entry`.
"""

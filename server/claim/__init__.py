"""claim: a resident takes one voucher from an offer, with thousands asking at once (P-06.4).

Owns `claims`, and the gate in Redis. Two batches in a row, each formed by whatever is waiting when
the previous one returns: no timer, no tuning.

1. `routes.py` verifies the token, `domain.py` refuses what the facts of the round refuse.
2. `gate.py` asks Redis once for the whole batch (`take.lua`): who holds one already, who is over
   the cap, who asks too often, whether anything is left. Takes are marked pending, losers answered.
3. `book.py` writes the winners in one PostgreSQL statement, which is one transaction: claims,
   vouchers and the offers' issued counts. Only then is anyone told "yes".
4. The pending marks are cleared. What a dead process left pending is completed by `jobs.py`.

Redis decides who may ask; PostgreSQL alone decides who has a voucher. Every filling of the gate has
an epoch, kept on the offers' rows, and the book accepts claims of the present epoch only. So the
gate may be thrown away and filled again from the book at any moment (`fill.lua`): takes of the old
filling cannot reach the book any more, and their owners are asked again, not told no. Opening,
adding stock, lost memory of Redis and closing are all this one mechanism.

Invariants, each with a test that breaks without its guard
- issued ≤ stock, and claims = vouchers = issued: a CHECK, and one statement for all three.
- One voucher per person and offer; at most the cap per person and round: unique indexes.
- An answered success is in PostgreSQL, whatever dies next.
- What Redis lost is rebuilt, nothing given twice or lost.

Answers, in order: the same claim again, if the person has one (also after closing); then refusals:
`identity.not_logged_in`, `identity.not_real_name`, `campaign.unknown_round`,
`claim.unknown_offer`, `claim.not_open`, `claim.closed` or `claim.paused`, `claim.barred`,
`claim.cap`, `claim.too_many`, `claim.sold_out`. `claim.unsure` and `claim.busy` are not decisions:
the same request may be sent again, and gives nothing twice.
"""

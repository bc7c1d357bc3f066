"""simulate: a crowd against the running demo, over HTTP, and a proof of what it left in the book.

The acts, in order: residents log in through the stand-in for WeChat (`crowd`), a round is planned
and approved through the same services as any other (`stage`), everybody presses at the second it
opens (`rush`), winners spend their vouchers at tills (`till`), and the book is compared with what
people were told (`proof`). Nothing is trusted that only the crowd believes, and nothing that only
the book says.

People behave as the mini-program lets them: they wait as long as an answer asks (`patience`), send
the same again when a connection drops, some press twice at once, some leave before the answer.

What must hold afterwards, else the exit status is 1:
- oversold: no offer issued more than its stock;
- duplicates: nobody holds, or was ever told of, two vouchers;
- lost: every voucher that anyone was told of is in the book, and in that person's wallet;
- tills: a scan, a replay, a second scan and a refund were answered as the rules say;
- ledger: every invariant of `huixiang ledger check` and `huixiang reconcile`.

Everything is bounded: people, connections, tries, seconds. Numbers and texts are made in `tally`,
`picture` and `report`, which do no I/O.
"""

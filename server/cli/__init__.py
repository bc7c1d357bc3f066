"""cli: the `huixiang` command, for whoever runs the programme from a terminal.

- `run`                       everything on this machine, with demo data (`./scripts/run`)
- `serve` `worker` `migrate`  one process of a real deployment; settings come from the environment
- `staff`                     named accounts: everything that changes something names one (`--by`)
- `round` `fund` `merchant` `person`  what operators do, through the same services as any other way
- `ledger check`, `reconcile` every invariant of the book; exit status 1 when one is broken
- `simulate`                  a crowd against the running server, over HTTP

One module per word; each adds its own arguments and returns an exit status. A word's module loads
quickly: what its commands need is imported when they run, so that help and wrong usage answer at
once. Commands that need the
book find the running demo by themselves (`environment.py`) when `DATABASE_URL` is not set.
A refusal is printed as its sentence and its code, with status 1; wrong usage is status 2.
"""

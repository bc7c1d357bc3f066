"""The shared kernel: small, pure pieces that every other package may use.

Standard library only, no I/O, no business word. A piece belongs here when two slices need it and it
would read the same in another programme of another city:

- `errors`       what a refusal is: kind, stable code, a sentence for people, data
- `clock`        the one way to ask for the time, and the programme's time zone
- `ids`          time-ordered identifiers (RFC 9562, version 7) and codes that people can type
- `identifiers`  checks of Chinese numbers: GB 11643 (person), GB 32100 (enterprise), mobile phone
- `money`        integer fen: proportions with a named rounding, text for people
- `transitions`  one table per state machine and the one way to move through it
- `paging`       opaque cursors
"""

"""console: the screens of named accounts in a browser: finance, the bureau, auditors, institutions.

Owns no table and no rule. A screen asks the same services as the interface under `/api/v1`, with
the same actor, and shows what they answer; what a service refuses is shown in its own sentence.
Pages are made on the server, work without scripts, and print.

Whoever logs in gets the token of their session as a cookie that scripts cannot read, that goes to
`/console` alone and that no other site can make the browser send (SameSite=Strict); besides, a form
that another site sent is refused. Each form carries the id of what it will make, so that pressing
twice, or going back and sending again, makes it once.

- `door.py`    log-in, log-out, who is asking, how refusals look
- `pages.py`   templates, and how money, times and words are written
- `<word>.py`  the screens of one word: `home`, `funding`, `settlement`, `figures`, `exports`,
  `risk`, `audit`

Refusals of its own, in order: `console.other_site`, `console.form`.
"""

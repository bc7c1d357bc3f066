"""Stand-ins for what cannot run here: the WeChat platform and the real-name provider.

The sandbox is one small HTTP server. The *same* client code that talks to api.weixin.qq.com talks
to it through another base URL, so nothing of ours is mocked: paths, fields, error codes, message
strings and HTTP statuses are the platform's. State is kept as the real one keeps it: two chains of
access tokens with five minutes of overlap, login codes and phone codes in separate namespaces, five
minutes old at most and good for one use, one session key per account.

What stands in for a person with a phone are the control endpoints (`/sandbox/...`): they mint the
codes that `wx.login` and the phone button would have produced, and they arrange trouble (faults).
The cast is data (`cast.py`): sixty named residents, eight cashiers, and as many generated residents
as a rehearsal asks for, each computed from its number, never stored.

Two promises guard it. It starts only with a `Permit`, which is granted in demo mode or for the
sandbox's own appid and never beside real credentials; and it listens on the loopback address only.
It imports nothing of the project but `server.kit`: a stand-in that shared code with the client
would agree with the client's mistakes.

- `permit`    may it start at all
- `cast`      who exists
- `tokens`    the two chains of access tokens
- `codes`     one-time codes and session keys
- `faults`    arranged trouble, a few times
- `answers`   the platform's error texts, rid, response headers
- `wechat`, `realname`, `control`   the routes; `app` puts them together; `serving` binds and runs
"""

"""The WeChat platform's server interfaces: wechatpy's method surface on a transport of our own.

wechatpy 1.8.18 knows the endpoints; how it speaks to them does not fit a server: it blocks, fixes
the token's address, repeats without end on a permanent 40001, and fetches a token before a login
that needs none. `WeChat` is a subclass that replaces just that:

- calls are asynchronous, bounded in time, and go to one base URL (the sandbox is another URL);
- the access token comes from `stable_token`, is shared through Redis, fetched by one process at a
  time and renewed five minutes before its end;
- `/sns/*` goes without a token;
- a token fault (40001, 40014, 42001) leads to at most one forced refresh and one repetition;
- every failure is a `Refusal` with a code of the platform's slice, `wechat.*`.

Secrets, tokens, session keys and one-time codes never reach a log or the text of an exception; see
`server.infra.outbound`.

- `surface`   what we rely on of wechatpy, with types
- `errors`    the refusals, and which errcode means which
- `tokens`    the shared access token
- `client`    `WeChat`, its methods and what they return
"""

from server.infra.wechat.client import LoginSession, PhoneNumber, WeChat

__all__ = ["LoginSession", "PhoneNumber", "WeChat"]

"""`huixiang token resident:1`: log a person of the demo's cast in, and print the token."""

import argparse
from typing import Any

from server.cli.environment import Failed, settings

TEXT_CHARS_MAX = 300


def add(commands: Any) -> None:
    """Add `token`."""
    parser = commands.add_parser("token", help="演示：让一位虚拟居民登录并实名，打印会话令牌")
    parser.add_argument("who", help="如 resident:1、cashier:0；同一人的第二个微信写作 resident:1#2")
    parser.set_defaults(run=_token)


def _token(asked: argparse.Namespace) -> int:
    import httpx

    chosen = settings()
    api = f"http://{chosen.host}:{chosen.port}/api/v1/identity"
    sandbox = f"{chosen.wechat_base_url}/sandbox"
    with httpx.Client(trust_env=False, timeout=10) as client:

        def ask(url: str, body: dict[str, Any], token: str = "") -> Any:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            response = client.post(url, json=body, headers=headers)
            if response.is_error:
                message = (
                    f"{url} 没有接受（{response.status_code}）：{response.text[:TEXT_CHARS_MAX]}"
                )
                raise Failed(message)
            return response.json()

        def code(kind: str) -> str:
            minted = ask(f"{sandbox}/codes", {"who": asked.who, "kind": kind, "count": 1})
            return str(minted["codes"][0])

        person = ask(f"{sandbox}/people", {"who": asked.who})["people"][0]
        token = ask(f"{api}/sessions", {"code": code("login")})["token"]
        ask(f"{api}/phone", {"code": code("phone")}, token)
        names = {"name": person["name"], "id_number": person["id_number"]}
        print(ask(f"{api}/person", names, token)["token"])
    return 0

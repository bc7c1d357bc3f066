"""What we rely on of wechatpy, with types.

wechatpy carries no type information. This is the only module that imports it; the declarations
below repeat exactly the parts that the subclass builds on, so that everything else is checked.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class WeChatClientException(Exception):
        """Wechatpy's error of a call: `errcode` and `errmsg` as the platform sent them."""

        errcode: int
        errmsg: str

        def __init__(self, errcode: int, errmsg: str) -> None: ...

    class WeChatWxa:
        """The endpoints of mini-programs: each builds a request and hands it to the client."""

        def __init__(self, client: "WeChatClient | None" = None) -> None: ...

        def code_to_session(self, js_code: str) -> Any:
            """Return whatever the client's `get` returns: with our client, an awaitable."""

        def _post(self, url: str, *, data: dict[str, Any]) -> Any: ...

    class WeChatClient:
        """The client: `get` and `post` of every endpoint end in `_request`."""

        API_BASE_URL: str
        appid: str
        secret: str
        wxa: WeChatWxa

        def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any: ...

else:
    from wechatpy import WeChatClient
    from wechatpy.client.api import WeChatWxa
    from wechatpy.exceptions import WeChatClientException

__all__ = ["WeChatClient", "WeChatClientException", "WeChatWxa"]

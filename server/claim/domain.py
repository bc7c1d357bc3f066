"""What is refused before anyone asks Redis, and the refusals of a claim."""

from typing import NamedTuple

from server.kit.errors import Kind, Refusal


class UnknownOffer(Refusal):
    """The round has no such offer."""

    code = "claim.unknown_offer"
    kind = Kind.NOT_FOUND
    detail = "这一轮没有该券种，请返回活动列表重新选择。"


class NotOpen(Refusal):
    """The round has not opened; `data.opens_at` and `data.server_time` say when it will."""

    code = "claim.not_open"
    kind = Kind.CONFLICT
    detail = "本轮尚未开始，请在开始时间后再领取。"


class Closed(Refusal):
    """The round is over."""

    code = "claim.closed"
    kind = Kind.CONFLICT
    detail = "本轮已结束，请关注下一轮活动。"


class Paused(Refusal):
    """The operator halted the round; it may go on."""

    code = "claim.paused"
    kind = Kind.CONFLICT
    detail = "本轮已暂停领取，请稍后再来。"


class Barred(Refusal):
    """The person may not claim (P-06.7, P-11.5)."""

    code = "claim.barred"
    kind = Kind.FORBIDDEN
    detail = "您的领取资格已被暂停，如有疑问请拨打活动咨询电话。"


class CapReached(Refusal):
    """The person holds as many vouchers of this round as one may (`data.cap`)."""

    code = "claim.cap"
    kind = Kind.CONFLICT
    detail = "您在本轮领取的张数已达上限，请到卡包使用。"


class TooMany(Refusal):
    """The person, or the network they are on, asks too often."""

    code = "claim.too_many"
    kind = Kind.TOO_MANY
    detail = "操作太频繁，请稍等几秒再试。"


class SoldOut(Refusal):
    """Nothing is left of this offer. More may come back while the round is open."""

    code = "claim.sold_out"
    kind = Kind.CONFLICT
    detail = "本券种已领完，请看看其他券种或下一轮活动。"


class Unsure(Refusal):
    """The book did not answer: the claim may be in it. Asking again gives nothing twice."""

    code = "claim.unsure"
    kind = Kind.UNAVAILABLE
    detail = "正在确认领取结果，请稍后重试或到卡包查看，不会重复领取。"


class Busy(Refusal):
    """More are waiting than this process can serve soon."""

    code = "claim.busy"
    kind = Kind.UNAVAILABLE
    detail = "当前领取人数较多，请稍后再试。"


class Held(NamedTuple):
    """A voucher as the book holds it: its 16 bytes, and its times as RFC 3339 text."""

    id: bytes
    issued_at: str
    valid_until: str
    state: str


class Claimed(NamedTuple):
    """The answer to a claim that did not fail."""

    voucher: Held
    fresh: bool
    """Issued by this very request (201), or held before (200)."""


def check(*, closed: bool, paused: bool, barred: bool) -> Refusal | None:
    """What an opened round refuses without asking the gate, in the charter's order, or None.

    The gate is asked all the same whether the person holds a voucher already: then they get that
    one again, whatever the round's phase.
    """
    if closed:
        return Closed()
    if paused:
        return Paused()
    if barred:
        return Barred()
    return None

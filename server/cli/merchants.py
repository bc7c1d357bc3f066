"""`huixiang merchant …`: entering merchants and cashiers until they can do it themselves."""

import argparse
from typing import TYPE_CHECKING, Any
from uuid import UUID

from server.cli.arguments import text
from server.cli.environment import ORIGIN, with_parts
from server.merchant.domain import MerchantPlan, StorePlan

if TYPE_CHECKING:
    from server.parts import Parts


def add(commands: Any) -> None:
    """Add `merchant` and its verbs."""
    verbs = commands.add_parser("merchant", help="商户：录入、列表、停用、恢复、冻结、解冻、收银员")
    verbs = verbs.add_subparsers(dest="verb", required=True, metavar="操作")
    entry = verbs.add_parser("add", help="录入商户及一家门店")
    entry.add_argument("--code", required=True, type=text, help="统一社会信用代码")
    entry.add_argument("--name", required=True, type=text, help="商户名称")
    entry.add_argument("--category", action="append", required=True, type=text, help="行业，可多次")
    entry.add_argument("--store", required=True, type=text, help="门店名称")
    entry.add_argument("--address", required=True, type=text, help="门店地址")
    entry.add_argument("--subdistrict", required=True, type=text, help="镇（街道）")
    entry.add_argument("--by", required=True, type=text, help="操作人")
    entry.set_defaults(run=_add)
    verbs.add_parser("list", help="列出商户、门店").set_defaults(run=_list)
    for verb, meaning in (
        ("suspend", "停用（下一次扫码即生效）"),
        ("relist", "恢复"),
        ("freeze", "冻结应付资金（不再结算、不再付款）"),
        ("unfreeze", "解冻应付资金（须由冻结人以外的人办理）"),
    ):
        parser = verbs.add_parser(verb, help=meaning)
        parser.add_argument("merchant_id", type=UUID)
        parser.add_argument("--reason", required=True, type=text, help="原因")
        parser.add_argument("--by", required=True, type=text, help="操作人")
        parser.set_defaults(run=_move)
    cashier = verbs.add_parser("add-cashier", help="为门店添加收银员")
    cashier.add_argument("store_id", type=UUID)
    cashier.add_argument("--openid", required=True, type=text, help="收银员的微信 openid")
    cashier.add_argument("--name", required=True, type=text, help="收银员称呼")
    cashier.add_argument("--by", required=True, type=text, help="操作人")
    cashier.set_defaults(run=_add_cashier)


def _add(asked: argparse.Namespace) -> int:
    plan = MerchantPlan(
        credit_code=asked.code,
        name=asked.name,
        categories=tuple(asked.category),
        stores=(StorePlan(asked.store, asked.address, asked.subdistrict),),
    )

    async def work(parts: "Parts") -> UUID:
        actor = await parts.staff.named(asked.by, ORIGIN)
        return (await parts.merchants.add(plan, actor)).id

    merchant_id = with_parts(work)
    print(f"已录入：{merchant_id}")
    return 0


def _list(asked: argparse.Namespace) -> int:
    merchants = with_parts(lambda parts: parts.merchants.list_all())
    for merchant in merchants:
        categories = "、".join(merchant.categories)
        head = f"{merchant.id}  {merchant.state:<9} {merchant.credit_code}"
        print(f"{head}  {merchant.name}（{categories}）")
        for store in merchant.stores:
            print(f"    {store.id}  {store.name}  {store.subdistrict} {store.address}")
    if not merchants:
        print("还没有商户。")
    return 0


def _move(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        acts = {
            "suspend": parts.merchants.suspend,
            "relist": parts.merchants.relist,
            "freeze": parts.merchants.freeze,
            "unfreeze": parts.merchants.unfreeze,
        }
        act = acts[asked.verb]
        actor = await parts.staff.named(asked.by, ORIGIN)
        await act(asked.merchant_id, actor, asked.reason)

    with_parts(work)
    if asked.verb in {"freeze", "unfreeze"}:
        print("已完成，下一次结算操作即生效。")
    else:
        print("已完成，下一次扫码即生效。")
    return 0


def _add_cashier(asked: argparse.Namespace) -> int:
    async def work(parts: "Parts") -> None:
        actor = await parts.staff.named(asked.by, ORIGIN)
        await parts.merchants.add_cashier(asked.store_id, asked.openid, asked.name, actor)

    with_parts(work)
    print("已添加收银员。")
    return 0

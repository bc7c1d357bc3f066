"""Schemes that were written after the first freeze of the thresholds.

The rules found three of the eight; they were then made more general, with these known.

They share nothing with `schemes.py` but the town and the few tools that draw parameters.
"""

from server.risk.domain import DAY_SECONDS
from tests.load.fraud.schemes import Scheme, best, midnight, near, span
from tests.load.fraud.town import Shop, Town, hour_of, network_of, order_of


def collected(town: Town, name: str, shops: list[Shop]) -> None:
    """The phones of a village are collected; in one afternoon all of them are used in a row."""
    rng, shop = town.rng, shops[0]
    days = span(town)
    for day in rng.sample(days, rng.randint(3, 5)):
        at = midnight(day) + rng.uniform(13, 16) * 3600
        for person in rng.sample(town.people, rng.randint(20, 40)):
            at += rng.uniform(20, 70)
            terms = best(town, shop)
            town.redeem(shop, person.id, person.home, at, at - rng.uniform(7200, 150_000), terms,
                        near(town, terms, 0.10), store=0, cashier=shop.stores[0][0])  # fmt: skip
    town.rings[name] = {shop.id}


def pool(town: Town, name: str, shops: list[Shop]) -> None:
    """Strangers behind a pool of rented addresses, used at three shops in turn, as people would."""
    rng = town.rng
    networks = [town.network() for _ in range(rng.randint(6, 10))]
    for day in span(town):
        for _ in range(rng.randint(9, 18)):
            shop = rng.choice(shops)
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, town.stranger(), rng.choice(networks), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def closing_time(town: Town, name: str, shops: list[Shop]) -> None:
    """Every evening, when the shop closes, the vouchers bought that day are typed in a row."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 10, 18):
        at = midnight(day) + rng.uniform(21.5, 22.5) * 3600
        for person in rng.sample(town.people, rng.randint(6, 14)):
            at += rng.uniform(10, 60)
            terms = best(town, shop)
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def exchange(town: Town, name: str, shops: list[Shop]) -> None:
    """The staff of two shops redeem at each other's, and nobody else is needed."""
    rng = town.rng
    staffs = [[town.rng.choice(town.people) for _ in range(rng.randint(7, 10))] for _ in shops]
    for day in span(town, 14, 20):
        for shop, staff in zip(shops, reversed(staffs), strict=True):
            for person in rng.sample(staff, rng.randint(2, 5)):
                at = midnight(day) + hour_of(rng, shop.trade.hours)
                terms = best(town, shop)
                town.redeem(shop, person.id, person.carrier, at, at - rng.uniform(3600, 150_000),
                            terms, order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def copied(town: Town, name: str, shops: list[Shop]) -> None:
    """Old receipts are typed again: honest amounts and hours, strangers by phone."""
    rng, shop = town.rng, shops[0]
    receipts = [fact for fact in town.facts if fact.merchant == shop.id]
    for day in span(town):
        for fact in rng.choices(receipts, k=rng.randint(8, 15)):
            at = midnight(day) + (fact.at_seconds + 8 * 3600) % DAY_SECONDS + rng.uniform(-300, 300)
            network = rng.randrange(6)
            town.redeem(shop, town.stranger(), network, at, at - rng.uniform(3600, 150_000),
                        (fact.min_spend_fen, fact.face_fen), fact.order_fen)  # fmt: skip
    town.rings[name] = {shop.id}


def farm(town: Town, name: str, shops: list[Shop]) -> None:
    """A script claims and redeems by the clock, day and night, with amounts that grow by a step."""
    rng, shop = town.rng, shops[0]
    terms = best(town, shop)
    step, amount = rng.uniform(1500, 4000), terms[0]
    days = span(town, 8, 14)
    at = midnight(days[0]) + rng.uniform(0, 6) * 3600
    while at < midnight(days[-1]):
        at += step * rng.uniform(0.9, 1.1)
        amount = terms[0] + (amount - terms[0] + 100) % 3000
        town.redeem(shop, town.stranger(), town.network(), at, at - rng.uniform(60, 1200), terms,
                    amount)  # fmt: skip
    town.rings[name] = {shop.id}


def loyal(town: Town, name: str, shops: list[Shop]) -> None:
    """A few dozen residents sell all they get to one shop; each has a phone and a life."""
    rng, shop = town.rng, shops[0]
    sellers = rng.sample(town.people, rng.randint(25, 50))
    for day in span(town, 14, 20):
        for person in rng.sample(sellers, rng.randint(7, 12)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def whole_returns(town: Town, name: str, shops: list[Shop]) -> None:
    """Big orders for the turnover figures: nearly all of each is returned an hour later."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 8, 20):
        for person in rng.sample(town.people, rng.randint(3, 7)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            order = terms[0] * rng.randint(3, 9)
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms, order,
                        returned_fen=int(order * rng.uniform(0.85, 0.97)))  # fmt: skip
    town.rings[name] = {shop.id}


LATER: dict[str, tuple[Scheme, int]] = {
    "collected": (collected, 1), "pool": (pool, 3), "closing time": (closing_time, 1),
    "exchange": (exchange, 2), "copied": (copied, 1), "farm": (farm, 1), "loyal": (loyal, 1),
    "whole returns": (whole_returns, 1),
}  # fmt: skip

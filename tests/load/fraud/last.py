"""Schemes that were written after the second freeze, and known at the third."""

from tests.load.fraud.schemes import Scheme, best, midnight, near, span
from tests.load.fraud.town import Shop, Town, hour_of, network_of, order_of


def lunch_break(town: Town, name: str, shops: list[Shop]) -> None:
    """Two operators with a bag of phones visit six shops, one after the other, every few days."""
    rng = town.rng
    bag = [town.stranger() for _ in range(rng.randint(25, 60))]
    networks = [rng.randrange(6) for _ in bag]
    for day in span(town, 12, 20):
        at = midnight(day) + rng.uniform(11, 15) * 3600
        for shop in rng.sample(shops, 3):
            at += rng.uniform(900, 2400)
            for number in rng.sample(range(len(bag)), rng.randint(4, 8)):
                at += rng.uniform(40, 200)
                terms = best(town, shop)
                town.redeem(shop, bag[number], networks[number], at, at - rng.uniform(3600, 90_000),
                            terms, order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def top_ups(town: Town, name: str, shops: list[Shop]) -> None:
    """Real customers, but the till adds to small bills until the voucher fits: a few fen over."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 10, 20):
        for person in rng.sample(town.people, rng.randint(6, 12)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            order = terms[0] + rng.randrange(1, max(2, terms[0] // 60))
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms, order)  # fmt: skip
    town.rings[name] = {shop.id}


def dormitory(town: Town, name: str, shops: list[Shop]) -> None:
    """A dormitory's identities on one network, a few of them every day, at two shops."""
    rng = town.rng
    network = town.network()
    students = [town.stranger() for _ in range(rng.randint(50, 120))]
    for day in span(town, 10, 20):
        for student in rng.sample(students, rng.randint(7, 14)):
            shop = rng.choice(shops)
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, student, network, at, at - rng.uniform(1800, 80_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def opening_minute(town: Town, name: str, shops: list[Shop]) -> None:
    """Bots claim when a round opens, and all of it is burned within the quarter of an hour."""
    rng, shop = town.rng, shops[0]
    for day in range(3 * rng.randint(0, 2), 28, 3):
        at = midnight(day) + 10 * 3600.0
        for _ in range(rng.randint(12, 30)):
            at += rng.uniform(15, 45)
            terms = best(town, shop)
            claimed = midnight(day) + 10 * 3600 + rng.uniform(0, 3)
            town.redeem(shop, town.stranger(), town.network(), at, claimed, terms,
                        near(town, terms, 0.2))  # fmt: skip
    town.rings[name] = {shop.id}


def friends_of_owner(town: Town, name: str, shops: list[Shop]) -> None:
    """Fifteen friends of the owner who are never there: one redemption each on most days."""
    rng, shop = town.rng, shops[0]
    friends = [rng.choice(town.people) for _ in range(rng.randint(12, 18))]
    for day in span(town, 12, 20):
        for friend in rng.sample(friends, rng.randint(4, 8)):
            at = midnight(day) + rng.uniform(9, 20) * 3600
            terms = best(town, shop)
            town.redeem(shop, friend.id, friend.home, at, at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def drip(town: Town, name: str, shops: list[Shop]) -> None:
    """Hard on purpose: three bought vouchers a day, nothing else out of line."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 16, 20):
        for person in rng.sample(town.people, 3):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


LAST: dict[str, tuple[Scheme, int]] = {
    "bag of phones": (lunch_break, 6), "top ups": (top_ups, 1), "dormitory": (dormitory, 2),
    "opening minute": (opening_minute, 1), "friends": (friends_of_owner, 1), "drip": (drip, 1),
}  # fmt: skip

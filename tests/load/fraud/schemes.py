"""Rings that are planted into the town, after published cases; parameters are drawn at random.

These were there while the thresholds were tuned. `later.py` has those that were written afterwards.
"""

from collections.abc import Callable

from server.risk.domain import DAY_SECONDS
from tests.load.fraud.town import DAYS, START, TERMS, Shop, Town, hour_of, order_of

Scheme = Callable[[Town, str, list[Shop]], None]


def near(town: Town, terms: tuple[int, int], most: float = 0.01) -> int:
    """An order at its threshold, or over it by `most` at most."""
    return terms[0] + town.rng.randrange(0, max(1, int(terms[0] * most)) + 1)


def span(town: Town, low: int = 8, high: int = 20) -> range:
    """The days of a ring."""
    length = town.rng.randint(low, high)
    first = town.rng.randint(1, DAYS - length)
    return range(first, first + length)


def best(town: Town, shop: Shop) -> tuple[int, int]:
    """A voucher that is worth burning at this shop."""
    return TERMS[shop.trade.category][town.rng.choice(shop.trade.terms[-2:])]


def midnight(day: int) -> int:
    """The first second of a day of the month."""
    return START + day * DAY_SECONDS


def ghosts(town: Town, name: str, shops: list[Shop]) -> None:
    """Hundreds of redemptions without a customer in twenty days, at steady steps and amounts."""
    rng, shop = town.rng, shops[0]
    mules = [(town.stranger(), town.network()) for _ in range(rng.randint(30, 120))]
    step, jitter = rng.uniform(120, 600), rng.uniform(0.01, 0.15)
    terms = best(town, shop)
    for day in span(town, 15, 20):
        at = midnight(day) + rng.uniform(9, 14) * 3600
        for _ in range(rng.randint(10, 20)):
            at += step * (1 + rng.gauss(0, jitter))
            person, network = rng.choice(mules)
            town.redeem(shop, person, network, at, at - rng.uniform(3600, 200_000), terms,
                        near(town, terms, 0.03), cashier=shop.stores[0][0], store=0)  # fmt: skip
    town.rings[name] = {shop.id}


def second_hand(town: Town, name: str, shops: list[Shop]) -> None:
    """Vouchers of many residents, claimed from few networks, used at one shop."""
    rng, shop = town.rng, shops[0]
    networks = [town.network() for _ in range(rng.randint(2, 6))]
    for day in span(town):
        for _ in range(rng.randint(4, 10)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, town.stranger(), rng.choice(networks), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def split(town: Town, name: str, shops: list[Shop]) -> None:
    """One bill made into two or three, with a voucher each."""
    rng, shop = town.rng, shops[0]
    people = rng.sample(town.people, rng.randint(20, 45))
    for day in span(town):
        for person in rng.sample(people, rng.randint(2, 5)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            for _ in range(rng.randint(2, 3)):
                at += rng.uniform(20, 240)
                terms = TERMS[shop.trade.category][rng.choice(shop.trade.terms)]
                town.redeem(shop, person.id, person.home, at, at - rng.uniform(3600, 200_000),
                            terms, near(town, terms, 0.05), store=0,
                            cashier=shop.stores[0][0])  # fmt: skip
    town.rings[name] = {shop.id}


def thresholds(town: Town, name: str, shops: list[Shop]) -> None:
    """Sham orders at the exact threshold, of people who are there."""
    rng, shop = town.rng, shops[0]
    for day in span(town):
        for person in rng.sample(town.people, rng.randint(5, 12)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person.id, person.carrier, at, at - rng.uniform(3600, 200_000),
                        terms, near(town, terms, 0.002))  # fmt: skip
    town.rings[name] = {shop.id}


def burned(town: Town, name: str, shops: list[Shop]) -> None:
    """Claimed and burned within seconds by strangers."""
    rng, shop = town.rng, shops[0]
    networks = [town.network() for _ in range(rng.randint(5, 60))]
    for day in span(town, 5, 14):
        for _ in range(rng.randint(5, 12)):
            at = midnight(day) + rng.uniform(10, 21) * 3600
            terms = best(town, shop)
            town.redeem(shop, town.stranger(), rng.choice(networks), at, at - rng.uniform(3, 45),
                        terms, order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def rotation(town: Town, name: str, shops: list[Shop]) -> None:
    """A fixed group that goes round a few shops."""
    rng = town.rng
    group = [(person.id, person.home) for person in rng.sample(town.people, rng.randint(12, 25))]
    for day in span(town, 12, 20):
        shop = shops[day % len(shops)]
        at = midnight(day) + rng.uniform(10, 19) * 3600
        for person, network in rng.sample(group, int(len(group) * 0.8)):
            at += rng.uniform(30, 400)
            terms = best(town, shop)
            town.redeem(shop, person, network, at, at - rng.uniform(3600, 100_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def own_cashier(town: Town, name: str, shops: list[Shop]) -> None:
    """A cashier redeems for family, again and again."""
    rng, shop = town.rng, shops[0]
    family = [(town.stranger(), network) for network in (town.network(),)
              for _ in range(rng.randint(4, 9))]  # fmt: skip
    for day in span(town, 15, 20):
        for person, network in rng.sample(family, rng.randint(2, 4)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person, network, at, at - rng.uniform(600, 50_000), terms,
                        order_of(rng, shop, terms), store=0,
                        cashier=shop.stores[0][-1])  # fmt: skip
    town.rings[name] = {shop.id}


def at_night(town: Town, name: str, shops: list[Shop]) -> None:
    """Bursts long after the shop has closed."""
    rng, shop = town.rng, shops[0]
    days = span(town)
    for day in rng.sample(days, min(len(days), rng.randint(4, 8))):
        at = midnight(day) + rng.uniform(2, 4.5) * 3600
        for person in rng.sample(town.people, rng.randint(8, 20)):
            at += rng.uniform(8, 90)
            terms = best(town, shop)
            town.redeem(shop, person.id, person.home, at, at - rng.uniform(3600, 200_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


def same_amounts(town: Town, name: str, shops: list[Shop]) -> None:
    """A few round amounts, typed again and again."""
    rng, shop = town.rng, shops[0]
    terms = best(town, shop)
    amounts = [terms[0] + rng.randint(5, 40) * 100 for _ in range(rng.randint(1, 3))]
    for day in span(town):
        for person in rng.sample(town.people, rng.randint(5, 12)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            town.redeem(shop, person.id, person.carrier, at, at - rng.uniform(3600, 200_000),
                        terms, rng.choice(amounts))  # fmt: skip
    town.rings[name] = {shop.id}


def cycling(town: Town, name: str, shops: list[Shop]) -> None:
    """Orders made big enough for the voucher, most of which is returned afterwards."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 10, 20):
        for person in rng.sample(town.people, rng.randint(3, 8)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            order = order_of(rng, shop, terms)
            town.redeem(shop, person.id, person.home, at, at - rng.uniform(3600, 200_000), terms,
                        order, returned_fen=int(order * rng.uniform(0.3, 0.8)))  # fmt: skip
    town.rings[name] = {shop.id}


def siblings(town: Town, name: str, shops: list[Shop]) -> None:
    """One purchase split over two tills or stores of one owner."""
    rng, shop = town.rng, shops[0]
    if len(shop.stores) == 1:
        shop.stores.append([shop.id * 1000 + 90])
    people = rng.sample(town.people, rng.randint(20, 40))
    for day in span(town):
        for person in rng.sample(people, rng.randint(3, 6)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            for store in rng.sample(range(len(shop.stores)), 2):
                at += rng.uniform(60, 500)
                terms = best(town, shop)
                town.redeem(shop, person.id, person.home, at, at - rng.uniform(3600, 200_000),
                            terms, order_of(rng, shop, terms), store=store)  # fmt: skip
    town.rings[name] = {shop.id}


TUNED: dict[str, tuple[Scheme, int]] = {
    "ghosts": (ghosts, 1), "second hand": (second_hand, 1), "split": (split, 1),
    "thresholds": (thresholds, 1), "burned": (burned, 1), "rotation": (rotation, 4),
    "own cashier": (own_cashier, 1), "at night": (at_night, 1),
    "same amounts": (same_amounts, 1), "cycling": (cycling, 1), "siblings": (siblings, 1),
}  # fmt: skip
"""Each with how many shops it takes."""


def plant(town: Town, schemes: dict[str, tuple[Scheme, int]]) -> None:
    """Put one ring of each scheme into the town, each at shops of its own that are not odd."""
    takes = {"restaurant", "noodles", "breakfast", "market", "corner", "pumps", "hotel"}
    free = [shop for shop in town.shops if not shop.oddity and shop.trade.name in takes]
    town.rng.shuffle(free)
    for name, (scheme, count) in schemes.items():
        shops = [free.pop() for _ in range(count)]
        scheme(town, name, shops)
    town.facts.sort(key=lambda fact: (fact.at_seconds, fact.id))

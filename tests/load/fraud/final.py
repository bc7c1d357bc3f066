"""Schemes that were written after the third and last freeze: nothing was touched afterwards."""

from tests.load.fraud.schemes import Scheme, best, midnight, near, span
from tests.load.fraud.town import Shop, Town, hour_of, network_of, order_of


def ghost_shop(town: Town, name: str, shops: list[Shop]) -> None:
    """A shop without customers: everything that it redeems is bought, a hundred identities."""
    rng, shop = town.rng, shops[0]
    town.facts = [fact for fact in town.facts if fact.merchant != shop.id]
    people = [(person.id, person.home) for person in rng.sample(town.people, 100)]
    for day in span(town, 15, 20):
        for _ in range(rng.randint(10, 25)):
            person, network = rng.choice(people)
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person, network, at, at - rng.uniform(3600, 150_000), terms,
                        near(town, terms, 0.08))  # fmt: skip
    town.rings[name] = {shop.id}


def tour(town: Town, name: str, shops: list[Shop]) -> None:
    """Hired students go down a street and split at each of three shops what they buy at one."""
    rng = town.rng
    students = [(town.stranger(), rng.randrange(6)) for _ in range(rng.randint(10, 16))]
    for day in rng.sample(span(town, 14, 20), 8):
        at = midnight(day) + rng.uniform(14, 17) * 3600
        for shop in shops:
            for person, network in students:
                at += rng.uniform(20, 90)
                terms = best(town, shop)
                town.redeem(shop, person, network, at, at - rng.uniform(600, 30_000), terms,
                            near(town, terms, 0.05))  # fmt: skip
    town.rings[name] = {shop.id for shop in shops}


def sales_clerk(town: Town, name: str, shops: list[Shop]) -> None:
    """One clerk of several claims with customers' phones at the till, minutes before each sale."""
    rng, shop = town.rng, shops[0]
    clerk = shop.stores[0][0]
    for day in span(town, 12, 20):
        for person in rng.sample(town.people, rng.randint(6, 12)):
            at = midnight(day) + hour_of(rng, shop.trade.hours)
            terms = best(town, shop)
            town.redeem(shop, person.id, network_of(rng, person), at, at - rng.uniform(20, 120),
                        terms, order_of(rng, shop, terms), store=0, cashier=clerk)  # fmt: skip
    town.rings[name] = {shop.id}


def night_shift(town: Town, name: str, shops: list[Shop]) -> None:
    """After closing, one by one, every ten minutes or so, with random people and amounts."""
    rng, shop = town.rng, shops[0]
    for day in span(town, 10, 18):
        at = midnight(day) + rng.uniform(0, 1.5) * 3600
        for person in rng.sample(town.people, rng.randint(5, 10)):
            at += rng.uniform(200, 1000)
            terms = best(town, shop)
            town.redeem(shop, person.id, network_of(rng, person), at,
                        at - rng.uniform(3600, 150_000), terms,
                        order_of(rng, shop, terms))  # fmt: skip
    town.rings[name] = {shop.id}


FINAL: dict[str, tuple[Scheme, int]] = {
    "ghost shop": (ghost_shop, 1), "tour": (tour, 3), "sales clerk": (sales_clerk, 1),
    "night shift": (night_shift, 1),
}  # fmt: skip

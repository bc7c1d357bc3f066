"""A month of a made-up district town: who lives and sells there, and what they honestly redeem.

Everything is drawn from one seed. Honest people and shops are odd on purpose: a canteen whose staff
come together from one network, addresses that thousands of phones share, exact round amounts at the
pumps, a bus that brings forty strangers. Identifiers are whole numbers; times are Unix seconds.
"""

import math
import random
from dataclasses import dataclass, field, replace

from server.risk.domain import DAY_SECONDS, Redeemed

START = 1_777_564_800  # 2026-05-01 00:00 in Shanghai
DAYS = 30
CARRIER_NETWORKS = 6
NEAR_TOP_UP = 0.18
"""How often people add something small to reach the threshold."""

TERMS = {
    "dining": [(1000, 200), (2000, 400), (10000, 1500), (20000, 3000)],
    "retail": [(5000, 500), (10000, 1000), (20000, 3000)],
    "fuel": [(10000, 1000), (20000, 2000)],
    "hotel": [(20000, 2000), (50000, 5000)],
}


@dataclass(frozen=True)
class Trade:
    """A kind of shop: category, which thresholds fit it, its hours and how big orders are."""

    name: str
    category: str
    terms: tuple[int, ...]
    hours: tuple[float, ...]
    """Weight of each hour of the day."""
    spread: float
    """Of the order over its threshold (log-normal)."""
    busy: float
    """How much custom it has, against others."""
    cashiers: tuple[int, int] = (1, 3)


def _hours(*peaks: tuple[float, float, float]) -> tuple[float, ...]:
    """Hours with peaks: (hour, width in hours, weight)."""
    return tuple(
        0.002 + sum(w * math.exp(-(((h + 0.5 - at) / width) ** 2)) for at, width, w in peaks)
        for h in range(24)
    )


MEALS = _hours((12.2, 1.1, 1.0), (18.6, 1.4, 1.2))
MORNING = _hours((7.4, 1.2, 1.0))
SHOPPING = _hours((10.5, 2.0, 0.8), (18.5, 2.5, 1.0))
ALWAYS = _hours((9.0, 4.0, 0.6), (18.0, 4.0, 0.8), (1.0, 6.0, 0.25))
LATE = _hours((20.5, 1.5, 0.8), (23.5, 1.6, 1.0), (0.5, 1.5, 0.7))
CHECK_IN = _hours((14.5, 2.0, 0.8), (20.5, 2.5, 1.0), (8.0, 1.5, 0.4))
NOON = _hours((12.1, 0.35, 1.0))

TRADES = {
    "restaurant": (Trade("restaurant", "dining", (1, 2, 3), MEALS, 0.35, 1.0), 95),
    "noodles": (Trade("noodles", "dining", (0, 1), MEALS, 0.30, 1.0), 30),
    "breakfast": (Trade("breakfast", "dining", (0,), MORNING, 0.18, 0.9, (1, 1)), 25),
    "barbecue": (Trade("barbecue", "dining", (2, 3), LATE, 0.35, 0.9), 12),
    "market": (Trade("market", "retail", (0, 1, 2), SHOPPING, 0.40, 1.3, (1, 5)), 75),
    "corner": (Trade("corner", "retail", (0,), ALWAYS, 0.25, 0.6, (1, 2)), 22),
    "pumps": (Trade("pumps", "fuel", (0, 1), ALWAYS, 0.25, 2.0, (2, 4)), 14),
    "hotel": (Trade("hotel", "hotel", (0, 1), CHECK_IN, 0.25, 0.35, (1, 2)), 20),
}


@dataclass
class Shop:
    """A merchant with its stores; a store is where its cashiers are."""

    id: int
    trade: Trade
    area: int
    stores: list[list[int]]
    """Cashiers of each store."""
    popular: float
    at_till: float
    """How many of its customers claim at the till, standing there."""
    top_up: float
    refunds: float
    menu: tuple[int, ...] = ()
    """Set prices, in fen, if it sells nothing else."""
    opens_on: int = 0
    oddity: str = ""


@dataclass
class Person:
    """A resident: where they live, what networks they claim from, how eager they are."""

    id: int
    area: int
    home: int
    carrier: int
    eager: float
    favourites: list[int] = field(default_factory=list)
    work: int | None = None


@dataclass
class Town:
    """Who is there, and what was redeemed; `rings` maps a ring's name to its merchants."""

    rng: random.Random
    shops: list[Shop]
    people: list[Person]
    facts: list[Redeemed] = field(default_factory=list)
    rings: dict[str, set[int]] = field(default_factory=dict)
    next_id: int = 1
    next_person: int = 10_000_000
    next_network: int = 50_000_000

    def stranger(self) -> int:
        """A new identity that nobody has seen."""
        self.next_person += 1
        return self.next_person

    def network(self) -> int:
        """A network that nobody else uses."""
        self.next_network += 1
        return self.next_network

    def redeem(  # a redemption has many sides
        self,
        shop: Shop,
        person: int,
        network: int | None,
        at: float,
        claimed_at: float,
        terms: tuple[int, int],
        order_fen: int,
        *,
        store: int | None = None,
        cashier: int | None = None,
        returned_fen: int = 0,
    ) -> None:
        """Write down one redemption, honest or not."""
        where = store if store is not None else self.rng.randrange(len(shop.stores))
        till = cashier if cashier is not None else self.rng.choice(shop.stores[where])
        self.facts.append(
            Redeemed(
                id=self.next_id,
                at_seconds=int(at),
                person=person,
                merchant=shop.id,
                store=shop.id * 100 + where,
                cashier=till,
                category=shop.trade.category,
                order_fen=max(order_fen, terms[0]),
                min_spend_fen=terms[0],
                face_fen=terms[1],
                claimed_at_seconds=int(min(claimed_at, at - 1)),
                network=network,
                returned_fen=min(returned_fen, order_fen),
            )
        )
        self.next_id += 1


def build(seed: int, *, merchants: float = 1.0, residents: int = 20_000) -> Town:
    """The town with its honest month; smaller for quick tests."""
    rng = random.Random(seed)
    town = Town(rng, _shops(rng, merchants), _people(rng, residents))
    _oddities(town)
    by_area: dict[tuple[int, str], list[Shop]] = {}
    for shop in town.shops:
        by_area.setdefault((shop.area, shop.trade.category), []).append(shop)
    for person in town.people:
        _favourites(town, person)
    shops = {shop.id: shop for shop in town.shops}
    weights = _weights(town.shops)
    for person in town.people:
        _month(town, person, shops, weights)
    _events(town)
    return town


def _shops(rng: random.Random, scale: float) -> list[Shop]:
    shops: list[Shop] = []
    for trade, count in TRADES.values():
        for _ in range(max(8, round(count * scale))):
            number = len(shops) + 1
            chain = rng.random() < 0.06
            stores = [
                [number * 1000 + s * 10 + c for c in range(rng.randint(*trade.cashiers))]
                for s in range(rng.randint(2, 5) if chain else 1)
            ]
            shops.append(
                Shop(
                    id=number,
                    trade=trade,
                    area=rng.randrange(8),
                    stores=stores,
                    popular=rng.lognormvariate(0, 0.7) * trade.busy * (2.5 if chain else 1),
                    at_till=rng.choice((0.01, 0.03, 0.05, 0.10)),
                    top_up=max(0.02, rng.gauss(NEAR_TOP_UP, 0.06)),
                    refunds=rng.choice((0.0, 0.01, 0.02, 0.03)),
                )
            )
    return shops


def _people(rng: random.Random, count: int) -> list[Person]:
    people: list[Person] = []
    home = 1_000_000
    while len(people) < count:
        home += 1
        area, eager = rng.randrange(8), rng.lognormvariate(0, 0.6)
        for _ in range(rng.choice((1, 2, 2, 3, 3, 4, 5))):
            people.append(
                Person(
                    id=len(people) + 1,
                    area=area,
                    home=home,
                    carrier=rng.randrange(CARRIER_NETWORKS),
                    eager=eager * rng.lognormvariate(0, 0.4),
                    work=2_000_000 + rng.randrange(40) if rng.random() < 0.25 else None,
                )
            )
    return people[:count]


def _pick(shops: list[Shop], trade: str) -> Shop:
    return next(s for s in shops if s.trade.name == trade and not s.oddity)


def _oddities(town: Town) -> None:
    """Honest shops that look like trouble."""
    rng, shops = town.rng, town.shops
    for number in range(2):  # canteens: everybody comes at noon, from the works' network
        shop = _pick(shops, "noodles")
        shop.oddity, shop.trade = "canteen", replace(shop.trade, hours=NOON, spread=0.12)
        shop.popular = 0.05
        staff = rng.sample(town.people, len(town.people) // 60)
        for person in staff:
            person.work, person.favourites = 2_900_000 + number, [shop.id] * 3
    for trade, oddity in (
        ("breakfast", "popular"), ("restaurant", "set menu"), ("market", "poster"),
        ("barbecue", "all night"), ("restaurant", "new"), ("corner", "regulars"),
        ("restaurant", "returns"), ("restaurant", "bus"), ("hotel", "wedding"),
        ("market", "market day"), ("restaurant", "old friends"),
    ):  # fmt: skip
        shop = _pick(shops, trade)
        shop.oddity = oddity
        if oddity == "popular":
            shop.popular *= 6
        if oddity == "set menu":
            shop.menu = (10800, 20800, 2680)
        if oddity == "poster":
            shop.at_till = 0.45
        if oddity == "all night":
            shop.trade = replace(shop.trade, hours=_hours((1.5, 2.0, 1.0), (22.5, 2.0, 0.5)))
        if oddity == "new":
            shop.opens_on, shop.popular = 14, shop.popular * 4
        if oddity == "returns":
            shop.refunds = 0.08


def _weights(shops: list[Shop]) -> dict[str, tuple[list[int], list[float]]]:
    found: dict[str, tuple[list[int], list[float]]] = {}
    for shop in shops:
        ids, weights = found.setdefault(shop.trade.category, ([], []))
        ids.append(shop.id)
        weights.append(shop.popular)
    return found


def _favourites(town: Town, person: Person) -> None:
    near = [s for s in town.rng.sample(town.shops, 40) if s.area == person.area]
    near.sort(key=lambda s: -s.popular * town.rng.random())
    person.favourites += [s.id for s in near[: town.rng.randint(1, 4)]]


def _month(
    town: Town,
    person: Person,
    shops: dict[int, Shop],
    weights: dict[str, tuple[list[int], list[float]]],
) -> None:
    """What one person claims in the rounds of the month, and uses."""
    rng = town.rng
    for day in range(0, DAYS, 3):  # a round every third day, at ten
        if rng.random() > 0.32 * person.eager:
            continue
        category = rng.choices(("dining", "retail", "fuel", "hotel"), (0.52, 0.32, 0.13, 0.03))[0]
        favourite = [f for f in person.favourites if shops[f].trade.category == category]
        if favourite and rng.random() < 0.65:
            shop = shops[rng.choice(favourite)]
        else:
            ids, chances = weights[category]
            shop = shops[rng.choices(ids, chances)[0]]
        _use(town, person, shop, day)


def _use(town: Town, person: Person, shop: Shop, day: int) -> None:
    rng = town.rng
    opening = START + day * DAY_SECONDS + 10 * 3600
    claimed = opening + min(rng.expovariate(1 / 2400), 2.5 * DAY_SECONDS)
    used_on = min(day + int(rng.expovariate(1 / 2.2)), DAYS - 1)
    if used_on < shop.opens_on:
        return
    if shop.oddity == "market day" and used_on % 5:
        used_on = min(used_on - used_on % 5 + 5, DAYS - 1)
    at = START + used_on * DAY_SECONDS + hour_of(rng, shop.trade.hours)
    terms = TERMS[shop.trade.category][rng.choice(shop.trade.terms)]
    if rng.random() < shop.at_till:
        claimed = at - rng.uniform(25, 400)
    elif at <= claimed:
        if used_on + 1 >= DAYS:
            return
        at += DAY_SECONDS
    if at >= START + DAYS * DAY_SECONDS:
        return
    order = order_of(rng, shop, terms)
    returned = int(order * rng.uniform(0.1, 1.0)) if rng.random() < shop.refunds else 0
    town.redeem(shop, person.id, network_of(rng, person), at, claimed, terms, order,
                returned_fen=returned)  # fmt: skip


def hour_of(rng: random.Random, hours: tuple[float, ...]) -> float:
    """Seconds since midnight, by the weights of the hours."""
    return rng.choices(range(24), hours)[0] * 3600 + rng.uniform(0, 3600)


def network_of(rng: random.Random, person: Person) -> int:
    """Where a person claims: at work, by phone through the carrier, or at home."""
    if person.work is not None and rng.random() < 0.5:
        return person.work
    return person.carrier if rng.random() < 0.5 else person.home


def order_of(rng: random.Random, shop: Shop, terms: tuple[int, int]) -> int:
    """An honest order over the threshold."""
    low = terms[0]
    if shop.menu:
        return next((p for p in sorted(shop.menu) if p >= low), low + 800)
    if shop.trade.category == "fuel":
        return rng.choice((low, low, low, low + 5000, low + 10000, low + rng.randrange(9000)))
    if rng.random() < shop.top_up:
        return low + rng.randrange(0, max(2, low // 30))
    order = int(low * (1 + abs(rng.gauss(0, shop.trade.spread * 2))))
    return order - order % rng.choice((1, 10, 50, 100)) if order > low + 100 else order


def _events(town: Town) -> None:
    """Days on which many come together, and honestly."""
    rng = town.rng
    for shop in town.shops:
        if shop.oddity == "bus":  # coaches: forty strangers at one table after the other
            for day in rng.sample(range(DAYS), 4):
                at = START + day * DAY_SECONDS + 12 * 3600.0
                for _ in range(rng.randint(18, 30)):
                    at += rng.uniform(15, 90)
                    terms = TERMS["dining"][1]
                    town.redeem(shop, town.stranger(), rng.randrange(CARRIER_NETWORKS), at,
                                at - rng.uniform(600, 90_000), terms,
                                order_of(rng, shop, terms))  # fmt: skip
        if shop.oddity == "wedding":  # guests who pay the same rate on the same evening
            for day in rng.sample(range(DAYS), 2):
                for _ in range(rng.randint(8, 14)):
                    at = START + day * DAY_SECONDS + rng.uniform(15 * 3600, 21 * 3600)
                    town.redeem(shop, town.stranger(), rng.randrange(CARRIER_NETWORKS), at,
                                at - rng.uniform(3600, 200_000), TERMS["hotel"][0],
                                26_800)  # fmt: skip
        if shop.oddity == "old friends":  # eight who eat together every week, here or there
            group = rng.sample(town.people, 8)
            places = [s for s in town.shops if s.trade.name == "restaurant"][:3]
            for week in range(4):
                at = START + (week * 7 + 5) * DAY_SECONDS + 19 * 3600.0
                for person in group:
                    at += rng.uniform(40, 200)
                    place = places[week % 3]
                    terms = TERMS["dining"][2]
                    town.redeem(place, person.id, network_of(rng, person), at,
                                at - rng.uniform(3600, 200_000), terms,
                                order_of(rng, place, terms))  # fmt: skip
        if shop.oddity == "regulars":  # old people who come every other day
            for person in rng.sample(town.people, 14):
                for day in range(rng.randrange(4), DAYS, 4):
                    at = START + day * DAY_SECONDS + hour_of(rng, SHOPPING)
                    terms = TERMS["retail"][0]
                    town.redeem(shop, person.id, network_of(rng, person), at,
                                at - rng.uniform(3600, 200_000), terms,
                                order_of(rng, shop, terms))  # fmt: skip

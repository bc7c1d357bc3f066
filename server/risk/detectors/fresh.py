"""What shows within the hour, without the town: looked at right after the redemptions (P-06.7)."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

from server.risk.domain import EVIDENCE_MAX, FreshRules, Hit, Redeemed, Rules


def look(facts: Sequence[Redeemed], rules: Rules) -> list[Hit]:
    """Merchants at which the last hour's redemptions speak for themselves.

    `facts` are the last hour's, in any order: residents who split their orders, and vouchers that
    strangers burn within seconds of claiming them from the same few networks.
    """
    shops: defaultdict[Hashable, list[Redeemed]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: (fact.at_seconds, str(fact.id))):
        shops[fact.merchant].append(fact)
    found = [split_residents(of, rules) or burned(of, rules) for of in shops.values()]
    return [hit for hit in found if hit is not None]


def split_residents(facts: Sequence[Redeemed], rules: Rules) -> Hit | None:
    """Several residents, each with two orders just over the threshold within the rule's window."""
    last: dict[Hashable, Redeemed] = {}
    pairs: list[Redeemed] = []
    people = set()
    for fact in facts:
        if not rules.split.near(fact.order_fen, fact.min_spend_fen):
            continue
        before = last.get(fact.person)
        if before and fact.at_seconds - before.at_seconds <= rules.split.window_seconds:
            people.add(fact.person)
            pairs += [before, fact]
        last[fact.person] = fact
    if len(people) < rules.fresh.split_people:
        return None
    minutes = rules.split.window_seconds // 60
    words = (
        f"近一小时有{len(people)}名居民在{minutes}分钟内连续以刚过门槛的订单用券，疑似分单交易。"
    )
    return _hit("fresh_split", pairs, words, float(len(people)))


def burned(facts: Sequence[Redeemed], rules: Rules) -> Hit | None:
    """Vouchers of several residents, claimed from few networks and used within seconds."""
    fresh: FreshRules = rules.fresh
    quick = [
        fact
        for fact in facts
        if fact.at_seconds - fact.claimed_at_seconds <= fresh.burned_seconds
        and fact.network is not None
    ]
    people = {fact.person for fact in quick}
    networks = {fact.network for fact in quick}
    if len(people) < fresh.burned_people or len(networks) > fresh.burned_networks:
        return None
    words = (
        f"近一小时有{len(people)}名居民从{len(networks)}个网络领券，"
        f"领取后{fresh.burned_seconds}秒内即在此核销，疑似刷空单核券。"
    )
    return _hit("fresh_burned", quick, words, float(len(people)))


def _hit(rule: str, facts: Sequence[Redeemed], words: str, score: float) -> Hit:
    stores = {fact.store for fact in facts}
    ids = dict.fromkeys(fact.id for fact in facts)
    return Hit(
        merchant=facts[0].merchant,
        store=stores.pop() if len(stores) == 1 else None,
        rule=rule,
        score=score,
        from_seconds=min(fact.at_seconds for fact in facts),
        until_seconds=max(fact.at_seconds for fact in facts),
        explanation=words,
        figures={"people": score},
        evidence=tuple(ids)[:EVIDENCE_MAX],
    )

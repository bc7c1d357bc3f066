"""Who may do what, written down a second time, as a table to be read (P-11.1).

It is on purpose not made from `server.audit.domain`: whoever changes one has to change the other.
"""

from server.audit.domain import Action, Role, View

ROLES = (
    Role.BUREAU,
    Role.FINANCE,
    Role.AUDITOR,
    Role.INSTITUTION,
    Role.SUPERVISION,
    Role.SECURITY,
    Role.SUBDISTRICT,
    Role.REVIEWER,
    Role.HOLDER,
    Role.SYSTEM,
)
"""The columns, in this order: 商务 财政 审计 支付机构 市监 公安 街道 第三方 居民 系统."""

TABLE = """
                                 bur fin aud ins sup sec sub rev hol sys
staff.added                       .   .   .   .   .   .   .   .   .   x
staff.disabled                    .   .   .   .   .   .   .   .   .   x
staff.enabled                     .   .   .   .   .   .   .   .   .   x
staff.password_set                x   x   x   x   x   x   x   x   .   x
campaign.template_entered         x   .   .   .   .   .   .   .   .   x
campaign.template_approved        x   x   .   .   .   .   .   .   .   .
campaign.round_created            x   .   .   .   .   .   .   .   .   .
campaign.round_approved           x   x   .   .   .   .   .   .   .   .
campaign.round_opened             x   .   .   .   .   .   .   .   .   x
campaign.round_paused             x   .   .   .   .   .   .   .   .   .
campaign.round_resumed            x   .   .   .   .   .   .   .   .   .
campaign.stock_entered            x   .   .   .   .   .   .   .   .   .
campaign.stock_approved           x   x   .   .   .   .   .   .   .   .
campaign.stock_rejected           x   x   .   .   .   .   .   .   .   .
campaign.round_closed             x   .   .   .   .   .   .   .   .   x
campaign.round_settled            .   .   .   .   .   .   .   .   .   x
funding.entered                   .   x   .   .   .   .   .   .   .   .
funding.approved                  .   x   .   .   .   .   .   .   .   .
funding.rejected                  .   x   .   .   .   .   .   .   .   .
identity.person_barred            x   .   .   .   .   x   .   .   .   .
identity.person_unbarred          x   .   .   .   .   x   .   .   .   .
identity.person_taken_over        .   .   .   .   .   .   .   .   x   .
merchant.added                    x   .   .   .   .   .   .   .   .   .
merchant.listed                   x   .   .   .   .   .   .   .   .   .
merchant.suspended                x   .   .   .   x   .   .   .   .   .
merchant.frozen                   x   .   .   .   x   x   .   .   .   .
merchant.unfrozen                 x   .   .   .   .   .   .   .   .   .
merchant.cashier_added            x   .   .   .   .   .   .   .   .   .
settlement.institution_entered    .   x   .   .   .   .   .   .   .   .
settlement.institution_approved   .   x   .   .   .   .   .   .   .   .
settlement.payee_entered          x   x   .   .   .   .   .   .   .   .
settlement.payee_approved         x   x   .   .   .   .   .   .   .   .
settlement.batch_drafted          .   x   .   .   .   .   .   .   .   .
settlement.batch_dropped          .   x   .   .   .   .   .   .   .   .
settlement.batch_confirmed        .   x   .   .   .   .   .   .   .   .
settlement.batch_sent             .   x   .   .   .   .   .   .   .   .
settlement.batch_returned         .   x   .   x   .   .   .   .   .   .
settlement.receipt_imported       .   x   .   x   .   .   .   .   .   .
risk.case_opened                  .   .   .   .   .   .   .   .   .   x
risk.case_taken                   .   .   .   .   x   x   .   .   .   .
risk.case_decided                 .   .   .   .   x   x   .   .   .   .
risk.case_released                .   .   .   .   x   x   .   .   .   .
risk.location_set                 x   .   .   .   .   .   .   .   .   .
sampling.drawn                    .   .   x   .   .   .   .   .   .   .
exports.asked                     x   x   x   .   .   .   .   .   .   .
to read: funding                  x   x   x   .   .   .   .   .   .   .
to read: figures                  x   x   x   .   .   .   .   .   .   .
to read: settlement               x   x   x   x   .   .   .   .   .   .
to read: audit                    .   .   x   .   .   .   .   .   .   .
to read: sampling                 .   .   x   .   .   .   .   .   .   .
to read: reconcile                x   x   x   .   .   .   .   .   .   .
to read: risk                     x   .   x   .   x   x   .   .   .   .
"""

_READ = "to read: "


def _cells() -> dict[Action | View, frozenset[Role]]:
    cells: dict[Action | View, frozenset[Role]] = {}
    for line in TABLE.splitlines()[2:]:
        name, marks = line[:34].strip(), line[34:].split()
        assert len(marks) == len(ROLES), line
        assert set(marks) <= {"x", "."}, line
        act = View(name.removeprefix(_READ)) if name.startswith(_READ) else Action(name)
        assert act not in cells, f"{name} stands twice"
        cells[act] = frozenset(role for role, mark in zip(ROLES, marks, strict=True) if mark == "x")
    return cells


CELLS = _cells()

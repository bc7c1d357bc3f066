"""Ready actors, one or more of each role: who acts when it matters only that somebody may."""

from uuid import UUID

from server.audit.domain import Actor, Role

PAYING_INSTITUTION = UUID("019d0000-0000-7000-8000-000000000001")
"""The institution that INSTITUTION belongs to; a test that needs it in the book enters it."""

PLANNER = Actor("planner", Role.BUREAU, "test")
APPROVER = Actor("approver", Role.BUREAU, "test")
BUREAU = Actor("bureau", Role.BUREAU, "test")
FINANCE = Actor("finance", Role.FINANCE, "test")
TREASURER = Actor("treasurer", Role.FINANCE, "test")
"""The second person of finance."""
AUDITOR = Actor("auditor", Role.AUDITOR, "test")
SUPERVISION = Actor("supervision", Role.SUPERVISION, "test")
SECURITY = Actor("security", Role.SECURITY, "test")
INSTITUTION = Actor("institution", Role.INSTITUTION, "test", PAYING_INSTITUTION)
SUBDISTRICT = Actor("subdistrict", Role.SUBDISTRICT, "test")
REVIEWER = Actor("reviewer", Role.REVIEWER, "test")
HOLDER = Actor("account:019d0000-0000-7000-8000-000000000002", Role.HOLDER, "test")
SYSTEM = Actor("command-line", Role.SYSTEM, "test")

EVERYBODY = (
    PLANNER,
    APPROVER,
    BUREAU,
    FINANCE,
    TREASURER,
    AUDITOR,
    SUPERVISION,
    SECURITY,
    INSTITUTION,
    SUBDISTRICT,
    REVIEWER,
    HOLDER,
    SYSTEM,
)

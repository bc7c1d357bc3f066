"""What a claim says and what it is told."""

from typing import Annotated

import msgspec


class ClaimRequest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Body of `POST /api/v1/rounds/{round_id}/claims`."""

    offer_id: Annotated[str, msgspec.Meta(min_length=36, max_length=36)]
    """The offer (投放) of the round."""

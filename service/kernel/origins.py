"""Where personal data of each category comes from, which decides what people may take along (Art. 20)."""

from collections.abc import Mapping
from typing import Literal

Origin = Literal["provided", "observed", "inferred", "ours"]

ORIGINS: Mapping[str, Origin] = {
    "contact": "provided",
    "consent": "provided",
    "request": "provided",
    "behaviour": "observed",
    "inference": "inferred",
    "decision": "ours",
    "pseudonym": "ours",
    "technical": "ours",
}
"""From the person, from watching them, from reckoning, or from ourselves; there are no other categories."""

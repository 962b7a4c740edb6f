"""Special categories of personal data (Art. 9(1) GDPR), which no field may hold (D14)."""

import re

CATEGORIES = frozenset({"technical", "page", "behaviour", "purchases", "journey", "preferences", "location"})
"""The categories that a field can be of; coarse, and none of them special."""

_SPECIAL = {
    "health": "health illness disease diagnosis disability disabled medication pregnancy pregnant"
    " salute malattia gravidanza",
    "religion or belief": "religion religious religione religiosa religioso",
    "racial or ethnic origin": "racial ethnicity ethnic etnia etnica",
    "a political opinion": "political politics",
    "trade union membership": "union sindacato sindacale",
    "genetic data": "genetics genetic genome dna genetica",
    "biometric data": "biometrics biometric fingerprint faceprint voiceprint biometria",
    "sex life or sexual orientation": "sexual sexuality sessuale",
}
_BY_WORD = {word: category for category, words in _SPECIAL.items() for word in words.split()}
_WORD = re.compile(r"[a-z]+")


def special(field: str, category: str) -> str | None:
    """Why a field may not be: its category or a word of its name is one of Art. 9. None where neither is."""
    for word in _WORD.findall(f"{category} {field}".lower()):
        if found := _BY_WORD.get(word):
            return f"this is {found}, a special category (Art. 9): nobody is profiled by that; remove the field"
    return None

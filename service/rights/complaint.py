"""The ways to complain that every refused person is told of (Art. 12(4), 77, 79)."""

AUTHORITY = {
    "en": "You may lodge a complaint with the supervisory authority (Art. 77 GDPR): {authority}.",
    "it": "Puoi proporre reclamo all'autorità di controllo (art. 77 GDPR): {authority}.",
}
COURT = {
    "en": "You may also seek a remedy before a court (Art. 79 GDPR).",
    "it": "Puoi anche rivolgerti all'autorità giudiziaria (art. 79 GDPR).",
}


def ways(authority: str, language: str) -> list[str]:
    """Both ways, in the language of a request or else in English."""
    asked = language.partition("-")[0]
    spoken = asked if asked in AUTHORITY else "en"
    return [AUTHORITY[spoken].format(authority=authority), COURT[spoken]]

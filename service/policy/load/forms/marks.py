"""The types of single values in the forms, each with what is judged of it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from service.policy.load import values
from service.policy.load.values import InLanguages, Judged, Names

Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"]
Transfer = Literal["adequacy", "standard_clauses", "binding_rules"]

Words = Annotated[str, Judged(values.text)]
Id = Annotated[str, Judged(values.identity)]
Event = Annotated[str, Judged(values.event)]
Key = Annotated[str, Judged(values.key)]
Country = Annotated[str, Judged(values.country)]
Holidays = Annotated[str, Judged(values.holidays)]
Language = Annotated[str, Judged(values.language)]
Text = Annotated[Mapping[Language, Words], InLanguages()]
Origin = Annotated[str, Judged(values.origin)]
Endpoint = Annotated[str, Judged(values.endpoint)]
PublicKey = Annotated[str, Judged(values.public_key)]
Days = Annotated[int, Judged(values.between(1, 36500, " days"))]
Hours = Annotated[float, Judged(values.above_zero(876_000, " hours"))]
Share = Annotated[float, Judged(values.between(0, 0.5))]
Factor = Annotated[float, Judged(values.above_zero(1_000_000))]
TimeZone = Annotated[str, Judged(values.time_zone)]
Moment = Annotated[date, Judged(values.local)]
CalendarId = Annotated[str, Names("calendar")]
PurposeId = Annotated[str, Names("purpose")]

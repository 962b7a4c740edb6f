"""The page that a browser sees before the package: who opens a link has not asked for the file yet."""

import base64
import tomllib
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, StrictUndefined

from service.kernel.crypto import digest
from service.rights.links import FILES
from service.rights.package.preface import language_of

STYLE = FILES.joinpath("page.css").read_text(encoding="utf-8")
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{base64.b64encode(digest(STYLE.encode())).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


@cache
def page(wanted: str) -> bytes:
    """The page in the language of the request, or else in English."""
    language = language_of(wanted)
    words: Mapping[str, Mapping[str, str]] = tomllib.loads(FILES.joinpath("page.toml").read_text(encoding="utf-8"))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(FILES.joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(language=language, say=words[language], style=STYLE).encode()

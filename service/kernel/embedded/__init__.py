"""A real PostgreSQL from a wheel, for trying out and for tests: nothing to install, nothing that stays running."""

from service.kernel.embedded.place import EmbeddedRefused, home_of
from service.kernel.embedded.server import Embedded

__all__ = ["Embedded", "EmbeddedRefused", "home_of"]

"""What can be wrong with somebody who has been erased."""

from service.kernel.problem import Problem


class Suppressed(Problem):
    """This person has been erased."""

    slug = "suppressed"
    status = 409

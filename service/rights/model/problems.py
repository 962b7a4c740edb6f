"""What can be wrong with a request."""

from service.kernel.problem import Problem


class RequestUnknown(Problem):
    """There is no such rights request."""

    slug = "rights-request-unknown"
    status = 404


class FilingRefused(Problem):
    """This is not a whole rights request."""

    slug = "filing-refused"
    status = 422


class RequestNotReady(Problem):
    """The rights request is not that far yet."""

    slug = "rights-request-not-ready"
    status = 409


class RequestSettled(Problem):
    """The rights request does not take this step any more."""

    slug = "rights-request-settled"
    status = 409


class ExtensionRefused(Problem):
    """The time for this rights request is not extended."""

    slug = "extension-refused"
    status = 409


class NobodyTold(Problem):
    """The person has to be told first."""

    slug = "nobody-told"
    status = 409


class ApprovalRefused(Problem):
    """Whoever filed a rights request does not approve it."""

    slug = "approval-refused"
    status = 403


class PackageMissing(Problem):
    """This rights request has no package."""

    slug = "package-missing"
    status = 404


class PackageServed(Problem):
    """The package of this rights request was served."""

    slug = "package-served"
    status = 410


class CertificateMissing(Problem):
    """This rights request has no certificate."""

    slug = "certificate-missing"
    status = 404

"""What `policies/` means: read, checked, frozen under a digest, activated."""

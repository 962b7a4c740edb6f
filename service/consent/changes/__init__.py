"""What has changed since a recipient last asked, so that it can keep a copy and know how fresh that is."""

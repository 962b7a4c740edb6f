"""How fast the service is, as ratios against a floor measured in the same run (DESIGN.md section 9)."""

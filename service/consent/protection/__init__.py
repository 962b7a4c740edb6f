"""What protects a person beside consent: objections (Art. 21) and restrictions (Art. 18)."""

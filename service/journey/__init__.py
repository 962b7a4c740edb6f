"""The customer journey: contacts kept only with consent, and the stage that they are evidence for."""

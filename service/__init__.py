"""Placet: consent and personalisation that people can trust."""

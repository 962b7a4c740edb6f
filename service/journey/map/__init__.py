"""The map of a journey: its report, drawn on the server (SVG 1.1), for the screen and for paper."""

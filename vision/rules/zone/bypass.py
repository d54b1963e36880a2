"""V01B, by-pass: smoke on a plant's ground that leaves none of its registered outlets."""

from vision.rules.zone.zonal import RuleName

NAME = RuleName("bypass.smoke", "1.0.0", "V01B_BYPASS", "smoke")

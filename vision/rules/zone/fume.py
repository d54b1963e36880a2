"""V06, restaurant fume: visible emission at a vent, counted as EPA Method 22 does."""

from vision.rules.zone.zonal import RuleName

NAME = RuleName("fume.visible", "1.0.0", "V06_FUME_DIRECT", "smoke")

"""V03 and V04, open burning: smoke with a fixed base where nothing may be burnt; flames are the fire rule's."""

from vision.rules.zone.zonal import RuleName

STRAW = RuleName("burning.smoke", "1.0.0", "V03_STRAW_BURN", "smoke")
WASTE = RuleName("burning.smoke", "1.0.0", "V04_WASTE_BURN", "smoke")

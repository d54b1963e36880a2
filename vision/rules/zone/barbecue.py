"""V05, open-air barbecue: smoke from one place in a banned area and time; a person checks for grill and food."""

from vision.rules.zone.zonal import RuleName

NAME = RuleName("barbecue.smoke", "1.0.0", "V05_OPEN_BBQ", "smoke")

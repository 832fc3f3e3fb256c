"""“Kyiv time”, for a line that says whose clock is shown.

Ukrainian declines the city, so each of the common ones has a message of its own; the others stand
after a colon.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.common.zones import canonical_zone, zone_label

_TIMES = {
    "Europe/Kyiv": gettext_lazy("Kyiv time"),
    "Europe/Warsaw": gettext_lazy("Warsaw time"),
    "Europe/Berlin": gettext_lazy("Berlin time"),
    "Europe/London": gettext_lazy("London time"),
    "Europe/Paris": gettext_lazy("Paris time"),
    "Europe/Prague": gettext_lazy("Prague time"),
    "Europe/Rome": gettext_lazy("Rome time"),
    "Europe/Madrid": gettext_lazy("Madrid time"),
    "Europe/Lisbon": gettext_lazy("Lisbon time"),
    "Europe/Vienna": gettext_lazy("Vienna time"),
    "Europe/Bratislava": gettext_lazy("Bratislava time"),
    "Europe/Budapest": gettext_lazy("Budapest time"),
    "Europe/Bucharest": gettext_lazy("Bucharest time"),
    "Europe/Chisinau": gettext_lazy("Chisinau time"),
    "Europe/Vilnius": gettext_lazy("Vilnius time"),
    "Europe/Riga": gettext_lazy("Riga time"),
    "Europe/Tallinn": gettext_lazy("Tallinn time"),
    "Europe/Stockholm": gettext_lazy("Stockholm time"),
    "Europe/Copenhagen": gettext_lazy("Copenhagen time"),
    "Europe/Amsterdam": gettext_lazy("Amsterdam time"),
    "Europe/Brussels": gettext_lazy("Brussels time"),
    "Europe/Zurich": gettext_lazy("Zurich time"),
    "Europe/Athens": gettext_lazy("Athens time"),
    "Europe/Sofia": gettext_lazy("Sofia time"),
    "Europe/Istanbul": gettext_lazy("Istanbul time"),
    "Europe/Dublin": gettext_lazy("Dublin time"),
    "Asia/Jerusalem": gettext_lazy("Jerusalem time"),
    "Asia/Dubai": gettext_lazy("Dubai time"),
    "America/New_York": gettext_lazy("New York time"),
    "America/Los_Angeles": gettext_lazy("Los Angeles time"),
}


def zone_time(name: str) -> str:
    if known := _TIMES.get(canonical_zone(name)):
        return str(known)
    return _("Time: %(zone)s") % {"zone": zone_label(name)}

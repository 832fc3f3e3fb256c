from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClassroomsConfig(AppConfig):
    name = "apps.classrooms"
    verbose_name = _("Classrooms (groups of students)")

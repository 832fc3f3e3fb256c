from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClassroomConfig(AppConfig):
    name = "apps.classroom"
    verbose_name = _("Classroom (the live room of one lesson)")

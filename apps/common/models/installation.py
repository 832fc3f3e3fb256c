"""The identity of this installation, which stays when its address or its keys change."""

from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Installation(models.Model):
    """One row, so that processes that start at once agree on it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    uuid = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = (models.CheckConstraint(name="installation_once", condition=Q(id=1)),)

    def __str__(self) -> str:
        return str(self.uuid)

    @classmethod
    def get_uuid(cls) -> UUID:
        return cls.objects.get_or_create(pk=1)[0].uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0011_clean_names")]

    operations = [
        migrations.AddField(
            model_name="classroomsession",
            name="drawing",
            field=models.CharField(
                choices=[
                    ("free", "everything"),
                    ("own", "what they drew themselves"),
                    ("new", "what is drawn from now on"),
                ],
                db_default="free",
                default="free",
                max_length=10,
                verbose_name="students may change",
            ),
        ),
        migrations.AddField(
            model_name="classroomsession",
            name="locked_items",
            field=models.BinaryField(
                help_text="With NEW: the Yjs state vector of what was on the board when it was chosen.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="classroomsession",
            name="locked_pages",
            field=models.JSONField(
                blank=True, db_default=[], default=list, verbose_name="locked pages"
            ),
        ),
        migrations.AddConstraint(
            model_name="classroomsession",
            constraint=models.CheckConstraint(
                condition=models.Q(drawing__in=("free", "own", "new")),
                name="session_drawing_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="classroomsession",
            constraint=models.CheckConstraint(
                condition=models.Q(drawing="new", locked_items__isnull=False)
                | models.Q(~models.Q(drawing="new"), locked_items__isnull=True),
                name="session_locked_items_with_new",
            ),
        ),
    ]

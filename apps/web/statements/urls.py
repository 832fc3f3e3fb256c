from django.urls import path

from apps.web.statements import views

urlpatterns = [
    path("statements/", views.overview, name="statements"),
    path("statements/close/", views.close, name="statements-close"),
    path("statements/<int:account_id>/", views.current, name="statement-current"),
    path("statements/<int:account_id>/<str:month>/", views.statement, name="statement"),
    path("statements/<int:account_id>/<str:month>/csv/", views.csv_file, name="statement-csv"),
    path("statements/<int:account_id>/<str:month>/pdf/", views.pdf_file, name="statement-pdf"),
]

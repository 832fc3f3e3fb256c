from django.urls import path

from apps.web.ledger import changes, views

urlpatterns = [
    path("balance/", views.my_accounts, name="my-accounts"),
    path("balance/<int:tutor_id>/", views.my_account, name="my-account"),
    path("students/<int:student_id>/account/", views.student_account, name="student-account"),
    path(
        "students/<int:student_id>/account/new/<str:kind>/",
        changes.new_entry,
        name="account-entry-new",
    ),
    path("students/<int:student_id>/account/rate/", changes.rate, name="account-rate"),
    path("account-entries/<int:entry_id>/reverse/", changes.reverse, name="account-entry-reverse"),
    path("packs/<int:pack_id>/freeze/", changes.freeze, name="pack-freeze"),
]

from django.urls import path

from apps.billing.api import account_views, policy_views

urlpatterns = [
    path(
        "me/cancellation-policy/",
        policy_views.CancellationPolicyView.as_view(),
        name="cancellation-policy",
    ),
    path(
        "lessons/<int:lesson_id>/cancellation-terms/",
        policy_views.CancellationTermsView.as_view(),
        name="cancellation-terms",
    ),
    path(
        "lessons/<int:lesson_id>/cancel/", policy_views.CancelView.as_view(), name="lesson-cancel"
    ),
    path(
        "lessons/<int:lesson_id>/students/<int:student_id>/",
        policy_views.ParticipantView.as_view(),
        name="lesson-student",
    ),
    path(
        "lessons/<int:lesson_id>/students/<int:student_id>/waive/",
        policy_views.WaiveView.as_view(),
        name="lesson-student-waive",
    ),
    path("students/<int:student_id>/account/", account_views.AccountView.as_view(), name="account"),
    path(
        "students/<int:student_id>/account/rate/",
        account_views.RateView.as_view(),
        name="account-rate",
    ),
    path(
        "students/<int:student_id>/account/entries/",
        account_views.AccountEntriesView.as_view(),
        name="account-entries",
    ),
    path(
        "account-entries/<int:entry_id>/reverse/",
        account_views.ReverseEntryView.as_view(),
        name="account-entry-reverse",
    ),
    path("packs/<int:pack_id>/freeze/", account_views.FreezePackView.as_view(), name="pack-freeze"),
    path(
        "packs/<int:pack_id>/unfreeze/",
        account_views.UnfreezePackView.as_view(),
        name="pack-unfreeze",
    ),
    path(
        "reports/accounts.csv/", account_views.AccountsReportView.as_view(), name="accounts-report"
    ),
]

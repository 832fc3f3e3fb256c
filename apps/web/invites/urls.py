from django.urls import path

from apps.web.invites import views

urlpatterns = [
    path("invite/", views.resolve_invite, name="invite"),
    path("invite/guest/", views.enter_as_guest, name="invite-guest"),
    path("invite/<str:token>/", views.open_link, name="invite-link"),
]

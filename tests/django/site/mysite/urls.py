from django.urls import path

from mysite import views

urlpatterns = [
    path("", views.guestbook, name="guestbook"),
    path("upload/", views.upload),
    path("request/", views.request),
    path("events/", views.events),
]

//! A WAMP client where a program is an App and a function becomes a procedure or a subscriber with one attribute.

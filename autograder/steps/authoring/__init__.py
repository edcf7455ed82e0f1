"""Author an assignment: create, translate, validate, calibrate, release."""

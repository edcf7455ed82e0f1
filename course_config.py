# The settings of this course. All of them, with their defaults: docs/settings.md
c = get_config()

c.Course.name = "deep-learning"
c.Course.language = "en"
c.Course.translations = ["ko"]
c.Course.timezone = "Asia/Seoul"

# Several times what the solutions need; an endless loop ends soon.
c.Limits.assignments = {
    "n411_*": {"cpu_seconds": 60, "cell_seconds": 15},
    "n432_*": {"cpu_seconds": 240, "cell_seconds": 90},
}

# The settings of this course. All of them, with their defaults: docs/settings.md
c = get_config()

c.Course.name = "deep-learning"
c.Course.language = "en"
c.Course.translations = ["ko"]
c.Course.timezone = "Asia/Seoul"

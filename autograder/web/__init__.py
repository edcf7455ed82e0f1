"""The portal: pages for students and staff, and the API for notebooks.

app.py      the application: headers, errors, files, background tasks
auth.py     sign-in: links, sessions, proxies; protection against forged forms; rate limits
student.py  the pages of students
staff/      the pages of staff
api.py      the API for notebooks: sign-in by a short code, submit, save
views.py    the content of student pages, as plain values
serving.py  the server and its one worker; worker.py grades submissions
"""

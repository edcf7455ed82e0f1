"""The portal: pages for students (and staff) and what notebooks talk to.

app.py      the application: headers, errors, files, and what runs beside the pages
auth.py     who somebody is: links, sessions, proxies; forms that cannot be forged; rate limits
student.py  the pages of students
staff/      the pages of staff
api.py      what a notebook asks: sign-in by a short code, submit, save
views.py    what those pages say, as plain values
serving.py  the server and its one worker; worker.py grades what was handed in
"""
